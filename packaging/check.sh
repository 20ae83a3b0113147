#!/bin/sh
# Installs the packages in a clean Debian 13, uses what they bring, removes them and looks for what is
# left: check.sh SYSROOT KERNEL DEB... (cargo xtask package --check), in a mount namespace of its own.
# The system is the lab's sysroot.
set -eu

sysroot=$1 kernel=$2
shift 2
. "$(dirname "$(realpath "$0")")/clean.sh"
clean_system "$sysroot" "$@"
mkdir -p etc/dkms/framework.conf.d
echo 'autoinstall_all_kernels="yes"' >etc/dkms/framework.conf.d/check.conf

# What has changed: files and links, and folders that were not there. Theirs, not ours: the records of
# dpkg and DKMS, and what ldconfig, groupadd, depmod and the keys of DKMS leave.
all_else() {
	(
		cd "$work/changes"
		find . ! -type d
		find . -type d | while read -r folder; do
			[ -d "$sysroot/$folder" ] || echo "$folder/"
		done
	) | LC_ALL=C sort | grep -vE \
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

step "what it depends on"
depends=$(inside dpkg-query --show --showformat '${Depends}' vfio-tph)
libc=$(echo "$depends" | sed -n 's/.*libc6 (>= \([^)]*\)).*/\1/p')
programs="/usr/bin/tph /usr/lib/x86_64-linux-gnu/libvfiotph.so.0"
newest=$(inside objdump -T $programs | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
[ -n "$newest" ] || die "objdump shows no symbol of glibc"
echo "libc6 (>= $libc), and the newest symbol is of $newest"
inside dpkg --compare-versions "$libc" ge "${newest#GLIBC_}" || die "Depends names too old a libc6"
inside dpkg --compare-versions "$libc" le 2.41 || die "Debian 13 has no such libc6"
libraries=$(inside objdump -p $programs | awk '$1 == "NEEDED" { print $2 }' | sort -u)
[ -n "$libraries" ] || die "objdump shows no library that they need"
for library in $libraries; do
	case $library in
	libc.so.6 | libm.so.6 | ld-linux-x86-64.so.2) ;;
	libgcc_s.so.1) echo "$depends" | grep -q libgcc-s1 || die "Depends lacks libgcc-s1" ;;
	*) die "no package in Depends has $library" ;;
	esac
done

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
echo "installed, used and removed without a trace"
