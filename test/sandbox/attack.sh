#!/bin/bash
# Runs on a unit, as root: puts the hostile program into each process's place, with all of its sandbox, and leaves what it
# got as /run/hostile/<unit>.json. Ends with the processes as they were.
# usage: attack.sh FOLDER-OF-HOSTILE.MJS ADDRESS:PORT...
set -eu
from=$1
shift
units="core vault senses provisioner console"
rm -rf /run/hostile && mkdir -m 0755 /run/hostile && install -m 0644 "$from/hostile.mjs" /run/hostile/
# Something to steal in every folder, each its owner's.
for folder in store vault senses keys inbox attestation; do
  install -m 0600 --owner="$(stat -c %U /var/lib/guichet/$folder)" /dev/null /var/lib/guichet/$folder/secret
done
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
ExecStart=/usr/bin/node /run/hostile/hostile.mjs $*
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
find /var/lib/guichet /run/guichet /etc /usr/lib/guichet /run/systemd /run/udev -xdev \
  \( -name hostile-was-here -o -name secret -path '/var/lib/*' \) -delete
