#!/bin/bash
# Runs on a unit, as root: puts the hostile program into each process's place, with all of its sandbox, and leaves what it
# got as /run/hostile/<unit>.json. Ends with the processes as they were. The reader of sticks is attacked where there is
# a stick, /dev/guichet-stick.
# usage: attack.sh FOLDER-OF-HOSTILE.CJS ADDRESS:PORT...
set -eu
from=$1
shift
units="core vault senses provisioner console"
rm -rf /run/hostile && mkdir -m 0755 /run/hostile
# Where every sandbox sees it.
place=/usr/lib/guichet-hostile
install -d "$place" && install -m 0644 "$from/hostile.cjs" "$place/"
trap 'rm -rf "$place"' EXIT
# Something to steal in every folder, each its owner's.
for folder in store vault senses keys inbox attestation; do
  install -m 0600 --owner="$(stat -c %U /var/lib/guichet/$folder)" /dev/null /var/lib/guichet/$folder/secret
done
# Everybody's on a system: who may open it is said by the sandbox alone.
[ -e /dev/hostile-fuse ] || mknod -m 0666 /dev/hostile-fuse c 10 229
for unit in $units; do
  drop=/run/systemd/system/guichet-$unit.service.d
  mkdir -p "$drop"
  cat > "$drop/99-hostile.conf" <<END
[Unit]
ConditionPathExists=
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=/usr/bin/node $place/hostile.cjs $*
ExecStartPost=
TTYPath=
StandardInput=null
StandardOutput=truncate:/run/hostile/$unit.json
END
  systemctl daemon-reload
  # The others go on: their sockets and processes are there to be reached.
  systemctl stop --job-mode=ignore-dependencies "guichet-$unit.service"
  systemctl start --job-mode=ignore-dependencies "guichet-$unit.service" || echo '{"failed":true}' > "/run/hostile/$unit.json"
  rm -r "$drop/99-hostile.conf"
  systemctl daemon-reload
  systemctl start --job-mode=ignore-dependencies "guichet-$unit.service" || true
done
if [ -e /dev/guichet-stick ]; then
  drop=/run/systemd/system/guichet-stick@.service.d
  mkdir -p "$drop"
  # Its own flags, another program.
  command=$(sed -n 's|^ExecStart=\(.*\) /usr/lib/guichet/stick.cjs$|\1|p' /usr/lib/systemd/system/guichet-stick@.service)
  printf '[Service]\nRuntimeMaxSec=60\nExecStart=\nExecStart=%s %s/hostile.cjs --all-files %s\n' "$command" "$place" "$*" > "$drop/99-hostile.conf"
  systemctl daemon-reload
  runuser -u guichet-provisioner -- node -e 'require("node:net").connect("/run/guichet/stick.sock").pipe(process.stdout)' > /run/hostile/stick.json
  rm -r "$drop/99-hostile.conf"
  systemctl daemon-reload
fi
rm -f /dev/hostile-fuse
find /var/lib/guichet /run/guichet /etc /usr/lib/guichet /run/systemd /run/udev -xdev \
  \( -name hostile-was-here -o -name secret -path '/var/lib/*' \) -delete
