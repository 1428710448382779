#!/bin/sh
# Builds, inside a root with the guest's kernel headers and sources, the modules that its kernel was not given:
# gpio-sim with the interrupt simulator that it needs, and v4l2loopback. Leaves them in /modules.
set -eu
release=$(basename /usr/src/linux-headers-*-amd64 | sed 's/^linux-headers-//')
work=$(mktemp -d)
cd "$work"
tar --wildcards --strip-components=1 -xf /usr/src/linux-source-*.tar.xz \
    '*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/*.h' '*/kernel/irq/irq_sim.c'
mkdir gpio
cp drivers/gpio/gpio-sim.c drivers/gpio/*.h kernel/irq/irq_sim.c gpio/
cp /build/compat.h gpio/
cat > gpio/Kbuild <<'END'
obj-m := gpio-lines.o
gpio-lines-y := gpio-sim.o irq_sim.o
ccflags-y := -include $(src)/compat.h
END
make -C "/lib/modules/$release/build" M="$work/gpio" modules
loopback=$(dirname /usr/src/v4l2loopback-*/v4l2loopback.c)
cp -r "$loopback" loopback
printf 'obj-m := v4l2loopback.o\n' > loopback/Kbuild
make -C "/lib/modules/$release/build" M="$work/loopback" modules
mkdir -p "/modules/lib/modules/$release/updates"
cp gpio/gpio-lines.ko loopback/v4l2loopback.ko "/modules/lib/modules/$release/updates/"
