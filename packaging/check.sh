#!/bin/sh
# Installs the packages in a clean Debian 13, uses what they bring, removes them and looks for what is
# left: check.sh SYSROOT KERNEL DEB... (cargo xtask package --check), in a mount namespace of its own.
#
# The system is the lab's sysroot with a layer over it, so that all that changes is in one folder. Its
# packages were unpacked without dpkg; dpkg is told of them here, without their versions.
set -eu

sysroot=$1 kernel=$2
shift 2
work=$(mktemp -d)
trap 'umount --recursive --lazy "$work"; rmdir "$work"' EXIT
mount -t tmpfs tmpfs "$work"
mkdir "$work/changes" "$work/overlay" "$work/root" "$work/debs"
mount -t overlay overlay \
	-o "lowerdir=$sysroot,upperdir=$work/changes,workdir=$work/overlay" "$work/root"
cp "$@" "$work/debs"

inside() { # A command in the clean system.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
		DEBIAN_FRONTEND=noninteractive chroot "$work/root" "$@"
}
die() { echo "check.sh: $*" >&2; exit 1; }
step() { echo "--- $*"; }

cd "$work/root"
mkdir -p debs var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers etc/dkms/framework.conf.d
mount --bind "$work/debs" debs
for folder in dev proc sys; do mount --rbind /$folder $folder; done
[ -e etc/dpkg/origins/default ] || ln -s debian etc/dpkg/origins/default
[ -e etc/group ] || echo root:x:0: >etc/group
[ -e etc/passwd ] || echo root:x:0:0:root:/root:/bin/sh >etc/passwd
echo 'autoinstall_all_kernels="yes"' >etc/dkms/framework.conf.d/check.conf
for package in usr/share/doc/*; do
	: >"var/lib/dpkg/info/${package##*/}.list"
	printf 'Package: %s\nStatus: install ok installed\nVersion: 999\n' "${package##*/}"
	printf 'Architecture: amd64\nMaintainer: nobody\nDescription: unpacked\n\n'
done >var/lib/dpkg/status
# Theirs, not ours: the records of dpkg and DKMS, and what ldconfig, groupadd, depmod and the keys of
# DKMS leave.
all_else() {
	(cd "$work/changes" && find . ! -type d | LC_ALL=C sort) | grep -vE \
		'^\./(var/(lib/dpkg|log|cache)/|var/lib/dkms/(mok|dkms_dbversion)|etc/ld\.so\.cache|etc/((group|gshadow)-|\.pwd\.lock)|(usr/)?lib/modules/[^/]*/modules\.|debs/)'
}
groups=$(cat etc/group)
all_else >"$work/before"

step "lintian"
# One package holds the library and what is needed to build with it, on purpose; Debian has no bug about it.
inside lintian --fail-on warning --allow-root \
	--suppress-tags link-to-shared-library-in-wrong-package,package-name-doesnt-match-sonames,initial-upload-closes-no-bugs \
	debs/*.deb || die "lintian complains"

step "install"
inside dpkg --install debs/*.deb || die "it does not install"

step "the command, its pages and completions"
inside tph --version
inside tph demo | grep 'All 512 packets carried what they should' || die "the demo fails"
for file in usr/share/man/man1/tph-list.1.gz usr/share/bash-completion/completions/tph \
	usr/share/zsh/vendor-completions/_tph usr/share/fish/vendor_completions.d/tph.fish \
	usr/lib/udev/rules.d/70-vfio-tph.rules usr/lib/systemd/system/tph-watch@.service; do
	[ -s "$file" ] || die "no $file"
done
inside getent group vfio || die "no group vfio"

step "the C library"
cat >tmp/use.c <<'C'
#include <stdio.h>
#include <vfiotph.h>
int main(void)
{
	struct vfiotph_device *tph = 0;

	if (vfiotph_adopt(-1, "none", &tph) >= 0)
		return 1;
	return puts(vfiotph_last_error()) < 0;
}
C
inside sh -euc 'cc -Wall -Wextra -Werror -o /tmp/use /tmp/use.c $(pkg-config --cflags --libs vfiotph) && /tmp/use' ||
	die "the C library does not work"
rm tmp/use.c tmp/use

step "the module"
inside dkms status
inside dkms status -m vfio-tph -k "$kernel" | grep installed || {
	cat var/lib/dkms/vfio-tph/*/build/make.log
	die "DKMS has not built it for $kernel"
}
inside sh -euc 'modinfo -F vermagic /lib/modules/'"$kernel"'/updates/dkms/vfio_pci_tph.ko*' | grep "$kernel"

step "remove"
inside dpkg --purge vfio-tph vfio-tph-dkms
all_else >"$work/after"
diff "$work/before" "$work/after" || die "they left something behind"
[ "$groups" = "$(cat etc/group)" ] || die "the group vfio stays"
[ ! -e usr/src/vfio-tph-* ] || die "folders stay"
echo "installed, used and removed without a trace"
