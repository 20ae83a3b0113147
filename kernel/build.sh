#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Builds vfio_pci_tph.ko for one kernel.
#
#   kernel/build.sh [--tests] --headers DIR --out DIR --cache DIR
#
# --tests    also the modules of kernel/test, which are for the lab alone
# --headers  the kernel's headers, as in /lib/modules/VERSION/build
# --out      where the modules go; everything else made on the way is in DIR/work
# --cache    where Rust's core library is kept from one build to the next
#
# Needs make, gcc, binutils, rustc and rust-src (RUSTC names another rustc). Writes
# nothing outside of --out and --cache, and does nothing if nothing has changed.
set -eu

die() { echo "build.sh: $*" >&2; exit 1; }

headers= out= cache= tests= modules=vfio_pci_tph
while [ $# -gt 0 ]; do
	if [ "$1" = --tests ]; then
		tests=1 modules="$modules tph_lab_completer tph_lab_exports tph_lab_importer"
		shift
		continue
	fi
	[ $# -ge 2 ] || die "$1 needs a value"
	case $1 in
	--headers) headers=$2 ;;
	--out) out=$2 ;;
	--cache) cache=$2 ;;
	*) die "unknown option $1; use --headers DIR --out DIR --cache DIR" ;;
	esac
	shift 2
done
[ -n "$headers" ] && [ -n "$out" ] && [ -n "$cache" ] || die "use --headers DIR --out DIR --cache DIR"
config=$headers/include/config/auto.conf
[ -r "$config" ] || die "no kernel headers in $headers: $config is missing"
mkdir -p "$out" "$cache"
headers=$(cd "$headers" && pwd)
out=$(cd "$out" && pwd)
cache=$(cd "$cache" && pwd)
source=$(cd "$(dirname "$0")/.." && pwd)

# The compiler, and the source of its core library.
RUSTC=${RUSTC:-rustc}
export RUSTC_BOOTSTRAP=1
rustc_version=$("$RUSTC" -vV) || die "$RUSTC does not run"
library=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library
[ -d "$library/core" ] || library=/usr/src/rustc-$(echo "$rustc_version" | sed -n 's/^release: //p')/library
[ -d "$library/core" ] || die "no source of Rust's core library: install rust-src"
edition=$(sed -n 's/^edition = "\(.*\)"/\1/p' "$library/core/Cargo.toml")

# Code for this kernel is compiled as the kernel's own Rust code is.
set_in_kernel() { grep -qx "CONFIG_$1=y" "$config"; }
value_in_kernel() { sed -n "s/^CONFIG_$1=//p" "$config"; }

no_jump_tables=-Cjump-tables=n
if "$RUSTC" -Zhelp | grep -q no-jump-tables; then no_jump_tables=-Zno-jump-tables; fi

set_in_kernel X86_64 || die "only x86-64 kernels so far"
flags="-Copt-level=2 -Cpanic=abort -Ccodegen-units=1
	-Crelocation-model=static -Ccode-model=kernel -Cno-redzone=y -Cforce-unwind-tables=n
	-Csymbol-mangling-version=v0 -Cdebug-assertions=n -Coverflow-checks=n
	-Cembed-bitcode=yes -Zfunction-sections=y"
features=
if set_in_kernel MITIGATION_RETPOLINE; then
	features=+retpoline-indirect-branches,+retpoline-indirect-calls,+retpoline-external-thunk
fi
if set_in_kernel MITIGATION_SLS; then
	features=${features:+$features,}+harden-sls-ijmp,+harden-sls-ret
fi
if set_in_kernel MITIGATION_RETHUNK; then flags="$flags -Zfunction-return=thunk-extern"; fi
if set_in_kernel X86_KERNEL_IBT; then flags="$flags -Zcf-protection=branch $no_jump_tables"; fi
if set_in_kernel CALL_PADDING; then
	padding=$(value_in_kernel FUNCTION_PADDING_BYTES)
	flags="$flags -Zpatchable-function-entry=$padding,$padding"
fi
if set_in_kernel FRAME_POINTER; then flags="$flags -Cforce-frame-pointers=y"; fi

# rust CRATE ROOT OPTION...: compiles an rlib into the current directory
rust() {
	crate=$1 root=$2
	shift 2
	# shellcheck disable=SC2086
	"$RUSTC" $flags --target "$target" --sysroot=/dev/null -L . --crate-name "$crate" \
		--remap-path-prefix "$source=" --remap-path-prefix "$library=/rust" \
		"$@" "$root"
}

hash() { sha256sum | cut -c 1-32; }

# 1. core, once for each compiler and set of flags. The target is rustc's own for code without
# an operating system (no SSE, no red zone) with the kernel's mitigations, and without a global
# offset table, which modules do not have.
target_json=$("$RUSTC" -Zunstable-options --print target-spec-json --target x86_64-unknown-none |
	sed -e '/"is-builtin"/d' -e '/"plt-by-default"/d' \
		-e "s/\(\"features\": \"[^\"]*\)/\1${features:+,$features}/")
core_key=$(printf '%s\n' "$rustc_version" "$flags" "$target_json" | hash)
core_dir=$cache/core-$core_key
if [ ! -e "$core_dir/done" ]; then
	echo "build.sh: compiling Rust's core library (once)"
	new=$core_dir.$$
	mkdir -p "$new"
	target=$new/kernel.json
	printf '%s\n' "$target_json" > "$target"
	(
		cd "$new"
		printf '%s\n' '#![feature(compiler_builtins)]' '#![compiler_builtins]' \
			'#![no_std]' > compiler_builtins.rs
		rust core "$library/core/src/lib.rs" --edition "$edition" --crate-type rlib \
			--cap-lints allow --cfg no_fp_fmt_parse
		rust compiler_builtins compiler_builtins.rs --edition 2021 --crate-type rlib \
			--cap-lints allow
		: > done
	)
	rm -rf "$core_dir"
	mv "$new" "$core_dir"
fi
target=$core_dir/kernel.json

# 2. Anything to do? The modules depend on the sources, the compilers and the kernel.
if [ -n "$tests" ] && set_in_kernel PCIE_TPH; then modules="$modules tph_lab_in_tree"; fi
inputs() {
	cd "$source"
	find kernel crates/tph/src crates/tph-abi -path kernel/build -prune -o -type f -print |
		LC_ALL=C sort | xargs sha256sum
	echo "$core_key $headers $modules"
	"${CC:-gcc}" --version
	for file in .config include/config/auto.conf include/generated/utsrelease.h Module.symvers; do
		cksum < "$headers/$file" || echo "no $file"
	done
}
key=$(inputs 2>/dev/null | hash)
missing=
for module in $modules; do
	[ -e "$out/$module.ko" ] || missing=$module
done
if [ -z "$missing" ] && [ "$(cat "$out/work/key" 2>/dev/null)" = "$key" ]; then
	exit 0
fi
mkdir -p "$out/work/rust" "$out/work/module/test" "$out/work/module/include/linux"
rm -f "$out/work/key"

# 3. Our crates, and out of them one object file.
cd "$out/work/rust"
own="-L $core_dir --edition 2024"
# shellcheck disable=SC2086
{
	rust tph "$source/crates/tph/src/lib.rs" $own --crate-type rlib
	rust tph_abi "$source/crates/tph-abi/src/lib.rs" $own --crate-type rlib --extern tph=libtph.rlib
	rust vfio_pci_tph_core "$source/kernel/core/src/lib.rs" $own --crate-type staticlib \
		-Clto=fat --cfg vfio_tph_kernel -Aunexpected_cfgs \
		--extern tph=libtph.rlib --extern tph_abi=libtph_abi.rlib
}
ld -r --whole-archive -o whole.o libvfio_pci_tph_core.a
objcopy --remove-section .llvmbc --remove-section .llvmcmd --remove-section .comment \
	--remove-section .eh_frame whole.o core.o

# 4. No way to panic: nothing in the object may lead to the panic handler (core/src/panic.rs).
if nm core.o | grep -E 'panicking|can_panic' >&2; then
	die "the Rust code can panic: see the symbols above"
fi
# Nothing big on the kernel's stack: a state that is moved through it would not fit twice.
if objdump -d core.o | grep -E 'sub +\$0x([4-9a-f][0-9a-f]{2}|[0-9a-f]{4,}),%rsp'; then
	die "the Rust code has a function with more than 1 KiB on the stack"
fi
if objdump -r core.o | grep GOTPCREL; then
	die "the Rust code needs a global offset table, which modules do not have"
fi

# 5. The modules. What has not changed keeps its time, so that make leaves it alone.
update() { [ "$(cksum < "$1")" = "$(cksum 2>/dev/null < "$2")" ] || cp "$1" "$2"; }
cd "$out/work/module"
for file in Kbuild "$source"/kernel/*.[ch] ${tests:+"$source"/kernel/test/*.c}; do
	file=${file#"$source/kernel/"}
	update "$source/kernel/$file" "$file"
done
header=include/linux/vfio_pci_tph.h
update "$source/crates/tph-abi/$header" "$header"
update ../rust/core.o core.o
echo 'savedcmd_core.o := true' > .core.o.cmd
make -s -C "$headers" M="$PWD" TESTS=$tests KCFLAGS="-ffile-prefix-map=$PWD=." modules
for module in $modules; do
	cp "$module.ko" "$out/$module.ko.new"
	mv "$out/$module.ko.new" "$out/$module.ko"
done
echo "$key" > "$out/work/key"
