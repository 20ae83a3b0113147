#!/bin/sh
# Installs the package in a small system with systemd, lets systemd's tools look at what it brings, and
# packs the system for a guest: system.sh SYSTEM TOOLS ARCHIVE DEB (cargo xtask package --boot), in a
# mount namespace of its own. TOOLS is the sysroot that has cpio.
set -eu

system=$1 tools=$2 archive=$3 deb=$4
here=$(dirname "$(realpath "$0")")
. "$here/clean.sh"
clean_system "$system" "$deb"

step "install"
inside dpkg --install debs/*.deb || die "it does not install"

step "what systemd and udev say of unit and rule"
unit=/usr/lib/systemd/system/tph-watch@.service
inside systemd-analyze verify --man=no "$unit" || die "systemd-analyze verify complains"
# In tenths; what costs points is argued in docs/packages.md.
inside systemd-analyze security --offline=true --threshold=25 --no-pager "$unit" >"$work/score" ||
	{ cat "$work/score"; die "the unit is more exposed than it was"; }
tail -n 2 "$work/score"
inside udevadm verify /usr/lib/udev/rules.d/70-vfio-tph.rules || die "udevadm verify complains"

step "pack"
cp "$here/system/lab-tests.service" etc/systemd/system
mkdir -p etc/systemd/system/multi-user.target.wants etc/vfio-tph
ln -s ../lab-tests.service etc/systemd/system/multi-user.target.wants
ln -sf /usr/lib/systemd/system/multi-user.target etc/systemd/system/default.target
# The serial ports are the lab's.
ln -s /dev/null etc/systemd/system/getty.target
echo 0123456789abcdef0123456789abcdef >etc/machine-id
umount --recursive --lazy debs dev proc sys
find . -path ./.unpacked -prune -o -path ./debs -prune -o -path './usr/share/[dilmz]*' -prune -o \
	-path ./usr/lib/udev/hwdb.d -prune -o -print |
	"$tools/lib64/ld-linux-x86-64.so.2" --library-path "$tools/usr/lib/x86_64-linux-gnu" \
		"$tools/usr/bin/cpio" --quiet --create --format=newc --owner=0:0 >"$archive"
