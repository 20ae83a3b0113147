#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Checks the C code: checkpatch.pl --strict and sparse. Whatever they say is a failure.
#
#   kernel/check.sh --headers DIR --out DIR --checkpatch FILE
#
# --headers     the kernel's headers, as build.sh had them
# --out         where build.sh --tests has built the modules for them
# --checkpatch  scripts/checkpatch.pl of a kernel's sources
#
# Needs make, gcc, perl and sparse. The modules are compiled again only where sources
# have changed since.
set -eu

die() { echo "check.sh: $*" >&2; exit 1; }
usage="use --headers DIR --out DIR --checkpatch FILE"

headers= out= checkpatch=
while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || die "$1 needs a value"
	case $1 in
	--headers) headers=$2 ;;
	--out) out=$2 ;;
	--checkpatch) checkpatch=$2 ;;
	*) die "unknown option $1; $usage" ;;
	esac
	shift 2
done
[ -n "$headers" ] && [ -n "$out" ] && [ -n "$checkpatch" ] || die "$usage"
module=$(cd "$out" && pwd)/work/module
[ -e "$module/core.o" ] || die "no module in $out: run build.sh --tests first"
source=$(cd "$(dirname "$0")" && pwd)

# --no-tree: these files lie in no kernel tree.
perl "$checkpatch" --no-tree --strict --quiet --show-types --file \
	"$source"/*.[ch] "$source"/test/*.c || die "checkpatch.pl has something to say"

# Two words of newer kernels that sparse (0.6.4) does not know: it takes the first for a name,
# and does not see that the second is a constant in MODULE_INFO().
cat > "$module/sparse.h" <<'END'
#define __typeof_unqual__ __typeof__
#define __builtin_strlen(string) (sizeof(string) - 1)
END

# 2 stands for all sources, also those that need no compiling. C=2 would not do: such kernels
# set it to 0 where sparse lacks the first word or, as with Debian's headers, the script that
# finds out. Sparse ends well whatever it says.
sparse() {
	make -C "$headers" M="$module" TESTS=1 KCFLAGS="-ffile-prefix-map=$module=." \
		KBUILD_CHECKSRC=2 CF="-include $module/sparse.h" modules
}
log=$out/work/sparse.log
sparse > "$log" 2>&1 || { cat "$log" >&2; die "the modules do not build with sparse"; }
if grep -E ': (warning|error):' "$log" >&2; then
	die "sparse has something to say"
fi
# The objects that each module was made of; not every kernel needs every file.
for list in "$module"/*.mod; do
	[ -e "$out/$(basename "$list" .mod).ko" ] || continue
	for object in $(cat "$list"); do
		object=${object#./}
		file=${object%.o}.c
		[ -e "$module/$file" ] || continue
		grep -q "^ *CHECK .*$file$" "$log" || die "sparse has not seen $file: see $log"
	done
done
