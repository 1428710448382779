# Guichet. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
TSX := node --import tsx

DATA ?= data
PORT_BASE ?= 8400
SEED ?= 1
export DATA PORT_BASE SEED RUNS MINUTES DEVICE PORT ONLY

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

# What the machine must have: a Node that is new enough and a compiler for the native packages.
.PHONY: system
system:
	@node -e 'if (+process.versions.node.split(".")[0] < 20) { console.error("Node 20 or newer is needed, this is " + process.version); process.exit(1) }'
	@tools/system-packages.sh g++=g++ make=make python3=python3

.PHONY: system-test
system-test: system
	@tools/system-packages.sh chromium=chromium mosquitto=mosquitto systemd-analyze=systemd python3=python3 strace=strace openssl=openssl mkfs.vfat=dosfstools mcopy=mtools

# SQLite is compiled as its own makefile does it: -O2. With the -O3 -g of node-gyp it takes twice as long.
node_modules/.ready: package.json package-lock.json
	CFLAGS="-O2 -g0" CXXFLAGS="-O2 -g0" npm ci --no-audit --no-fund
	@touch $@

.PHONY: build
build: system node_modules/.ready ## dist/unit (what a unit runs) and dist/dev (the same with the bench plugged in)
	$(TSX) tools/build.ts

.PHONY: run
run: build ## a whole kiosk on this machine: unit, bench, broker, centre (DATA= PORT_BASE= SEED=)
	@exec $(TSX) runtime/dev/main.ts

.PHONY: operators
operators: ## the first operators of the centre of `make run`, with new passwords
	@$(TSX) runtime/dev/operators.ts

.PHONY: clean-data
clean-data: ## forget what `make run` has kept
	rm -rf $(DATA)

.PHONY: plug unplug
plug: ## a stick for the unit of `make run`: an image that guichet-provision has written (FILE=stick.img)
	@test -f "$(FILE)" || { echo "FILE= names no image"; exit 1; }
	@ln -sfn "$$(realpath "$(FILE)")" $(DATA)/slot/stick
unplug: ## pull it out
	@rm -f $(DATA)/slot/stick

.PHONY: test
test: system ## all tests (T=part-of-a-path for some)
	@$(MAKE) --no-print-directory -j2 system-test build
	$(TSX) test/run.ts $(T)

.PHONY: lint
lint: node_modules/.ready ## format, lint, types, import table, generated docs
	npx biome check --error-on-warnings .
	npx tsc -p tsconfig.json
	npx tsc -p tsconfig.page.json
	$(TSX) tools/import-table.ts
	$(TSX) tools/catalogues.ts --check

.PHONY: format
format: node_modules/.ready ## write the formatting
	npx biome check --write .

.PHONY: docs
docs: node_modules/.ready ## generate docs/errors.md and docs/events.md
	$(TSX) tools/catalogues.ts

.PHONY: services
services: node_modules/.ready ## check every service document with its texts
	$(TSX) tools/services.ts

.PHONY: screens
screens: system-test build ## photograph every screen of the running product into docs/screens
	$(TSX) test/screens/screens.ts

.PHONY: crash-store
crash-store: system-test node_modules/.ready ## power cuts replayed over the real stores (RUNS= SEED=)
	$(TSX) test/crash/crash-store.ts

.PHONY: crash-activation
crash-activation: system-test node_modules/.ready ## kills and power cuts at every system call of activation (RUNS= SEED=)
	$(TSX) test/crash/crash-activation.ts

.PHONY: bench-start
bench-start: system-test build ## start time and memory beside Node-RED (RUNS=)
	$(TSX) test/bench/bench-start.ts

.PHONY: bench-hotplug
bench-hotplug: system-test build ## cables pulled in the middle of frames, put back under other names (RUNS= SEED=)
	@$(TSX) test/hotplug/bench-hotplug.ts

.PHONY: bench-devices
bench-devices: system-test node_modules/.ready ## what the device layer costs, beside bare read loops and the disk (RUNS=)
	@python3 -c 'import serial' 2>/dev/null || tools/system-packages.sh pyserial-miniterm=python3-serial
	GUICHET_LOG=error $(TSX) test/bench/bench-devices.ts

.PHONY: bench-memory
bench-memory: system-test build ## the unit and its browser through a visit within 1 GiB (cgroup, as root)
	$(TSX) test/bench/bench-memory.ts

.PHONY: hil
hil: system-test build deb ## the package on a real kernel in QEMU, with the bench around it (T=part-of-a-name)
	@tools/system-packages.sh qemu-system-x86_64=qemu-system-x86 qemu-img=qemu-utils mmdebstrap=mmdebstrap mkfs.vfat=dosfstools mcopy=mtools
	@T=$(T) $(TSX) test/hil/hil.ts

.PHONY: simulate
simulate: node_modules/.ready ## the real vault in virtual time with faults at every step (RUNS= SEED= RESUME=1 TRACE=1)
	@$(TSX) test/simulate/simulate.ts

.PHONY: crash-devices
crash-devices: node_modules/.ready ## core, vault, both and the device cut at every step with every fault (RUNS= SEED= RESUME=1 PLAN= KILLS=)
	@$(TSX) test/crash/crash-devices.ts

.PHONY: fuzz
fuzz: node_modules/.ready ## junk at every parser, compared with readers of their own (MINUTES= SEED= RUNS=)
	node --expose-gc --import tsx test/fuzz/fuzz.ts

.PHONY: sticks
sticks: system-test node_modules/.ready ## sticks of every FAT and cluster size, made by dosfstools and mtools, read byte for byte
	@$(TSX) test/provisioning/stick/all-sizes.ts

.PHONY: fuzz-stick
fuzz-stick: system-test node_modules/.ready ## hostile sticks, each read by a fresh process that is measured and traced (RUNS= SEED= RESUME=1 ONLY=)
	@tools/system-packages.sh /usr/bin/time=time
	@$(TSX) test/fuzz/stick/fuzz-stick.ts

.PHONY: conform
conform: node_modules/.ready ## the conformance suite (DEVICE=driver-or-role, with PORT=/dev/... on real hardware)
	$(TSX) tools/conform.ts

.PHONY: replay
replay: node_modules/.ready ## play a recording of a unit's device to its driver on the bench (FILE=)
	@$(TSX) tools/replay.ts $(FILE)

.PHONY: docs-devices
docs-devices: node_modules/.ready ## write docs/devices.md by running the conformance suite on every driver
	$(TSX) tools/devices.ts

.PHONY: hostile
hostile: node_modules/.ready ## hostile code in the core's place, all of the vault's socket open to it (RUNS= SEED=)
	@$(TSX) test/hostile/hostile.ts

.PHONY: mutants
mutants: node_modules/.ready ## vaults that lack a safety rule, named and generated: each is to be caught (RUNS= SEED= RESUME=1)
	@$(TSX) test/mutants/mutants.ts

.PHONY: deb
deb: build ## the Debian package of a unit, dist/deb/guichet_<version>_<architecture>.deb (ARCH=arm64 on amd64)
	@tools/system-packages.sh dpkg-deb=dpkg
ifeq ($(ARCH),arm64)
	@tools/system-packages.sh aarch64-linux-gnu-g++=g++-aarch64-linux-gnu qemu-aarch64-static=qemu-user-static file=file
	tools/cross-arm64.sh
endif
	ARCH=$(ARCH) $(TSX) tools/deb.ts

.PHONY: package-life
package-life: system-test deb ## the package installed, upgraded over a running unit, removed, purged, installed again (in a container, as root)
	@tools/system-packages.sh mmdebstrap=mmdebstrap systemd-nspawn=systemd-container
	$(TSX) test/sandbox/package-life.ts

.PHONY: sandbox
sandbox: system-test deb ## how exposed each process is, and a hostile program in its place (in a container, as root)
	@tools/system-packages.sh mmdebstrap=mmdebstrap systemd-nspawn=systemd-container ip=iproute2 losetup=mount
	$(TSX) test/sandbox/sandbox.ts
