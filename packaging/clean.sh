# For the scripts beside it: a Debian system that was unpacked and not installed, as a clean one.

die() { echo "${0##*/}: $*" >&2; exit 1; }
step() { echo "--- $*"; }

inside() { # A command in the clean system.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
		DEBIAN_FRONTEND=noninteractive chroot "$work/root" "$@"
}

# clean_system SYSTEM DEB...: a layer over the system, so that all that changes is in one folder, which
# is the working directory then. dpkg is told which packages are unpacked, and which version they have.
clean_system() {
	lower=$1
	shift
	work=$(mktemp -d)
	trap 'cd /; umount --recursive --lazy "$work"; rmdir "$work"' EXIT
	mount -t tmpfs tmpfs "$work"
	mkdir "$work/changes" "$work/overlay" "$work/root" "$work/debs"
	mount -t overlay overlay \
		-o "lowerdir=$lower,upperdir=$work/changes,workdir=$work/overlay" "$work/root"
	cp "$@" "$work/debs"
	cd "$work/root"
	mkdir -p debs var/lib/dpkg/info var/lib/dpkg/updates var/lib/dpkg/triggers
	mount --bind "$work/debs" debs
	for folder in dev proc sys; do mount --rbind /$folder $folder; done
	[ -e etc/dpkg/origins/default ] || ln -s debian etc/dpkg/origins/default
	while read -r file root; do
		[ -e etc/$file ] || cp usr/share/base-passwd/$file.master etc/$file 2>/dev/null ||
			echo "$root" >etc/$file
	done <<-'EOF'
		group root:x:0:
		passwd root:x:0:0:root:/root:/bin/sh
	EOF
	# NAME_VERSION_ARCHITECTURE.deb, where a colon is %3a. Of two versions the older one counts.
	ls .unpacked | sed 's/%3a/:/; s/_/ /g; s/\.deb$//' | sort -k1,1 -k2,2V | sort -u -k1,1 -s |
		while read -r name version architecture; do
			: >"var/lib/dpkg/info/$name.list"
			printf 'Package: %s\nStatus: install ok installed\nVersion: %s\n' "$name" "$version"
			printf 'Architecture: %s\nMaintainer: nobody\nDescription: unpacked\n\n' "$architecture"
		done >var/lib/dpkg/status
}
