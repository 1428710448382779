#!/bin/sh
# The guest's disk, kernel and first file system out of a root, the modules that were built for it, the files of the test,
# and the package: beside a bare system on one disk, installed on the other.
# usage: assemble.sh ROOT.tar MODULES.tar FILES PACKAGE.deb FOLDER
set -eu
tree=$5/tree
mkdir "$tree"
tar -C "$tree" -xf "$1"
tar -C "$tree/usr" -xf "$2"
cp -r --preserve=mode "$3/." "$tree/"
chmod 755 "$tree"/usr/lib/hil/*
in_tree() { chroot "$tree" "$@"; }
release=$(ls "$tree/lib/modules")
[ -e "$tree/lib/modules/$release/updates/gpio-lines.ko" ] || { echo "the modules are of another kernel than $release" >&2; exit 1; }
in_tree depmod "$release"
# Only what a virtual disk needs: the emulated processor unpacks it at each start.
printf 'MODULES=list\nFSTYPE=ext4\n' > "$tree/etc/initramfs-tools/conf.d/hil"
printf 'virtio_pci\nvirtio_blk\next4\n' > "$tree/etc/initramfs-tools/modules"
mount -t proc proc "$tree/proc"
in_tree update-initramfs -c -k "$release" >/dev/null 2>&1 || { umount "$tree/proc"; exit 1; }
umount "$tree/proc"
in_tree systemctl --quiet enable hil-agent hil-clock hil-hardware hil-camera@portrait hil-camera@document systemd-networkd \
    hil-broker.socket hil-screen.socket
in_tree systemctl --quiet mask systemd-networkd-wait-online apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer
echo '/dev/vda / ext4 errors=remount-ro 0 1' > "$tree/etc/fstab"
echo '127.0.0.1 localhost' > "$tree/etc/hosts"
echo guichet > "$tree/etc/hostname"
: > "$tree/etc/machine-id"
in_tree passwd --quiet --delete root
rm -rf "$tree"/var/cache/apt/*
mv "$tree"/boot/vmlinuz-* "$5/vmlinuz"
mv "$tree"/boot/initrd.img-* "$5/initrd"
cp "$4" "$tree/root/guichet.deb"
mke2fs -q -F -t ext4 -L root -d "$tree" "$5/bare.img" 6G
mount -t proc proc "$tree/proc"
in_tree env DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --install /root/guichet.deb >&2 || { umount "$tree/proc"; exit 1; }
umount "$tree/proc"
rm "$tree/root/guichet.deb"
# Nothing of the unit runs before the board is somebody's: what it says of that is tried elsewhere.
in_tree systemctl --quiet mask guichet.target
mke2fs -q -F -t ext4 -L root -d "$tree" "$5/root.img" 6G
rm -rf "$tree"
