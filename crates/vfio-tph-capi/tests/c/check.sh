#!/bin/sh
# Uses the installed library as other projects do, in a system that has nothing else of ours:
# `cargo xtask c-library` runs it in the lab's sysroot. /repo is the repository, /emulated has the
# library with an emulated host in it.
set -eu

tests=/repo/crates/vfio-tph-capi/tests/c
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PKG_CONFIG_PATH=/usr/local/lib/pkgconfig
strict="-Wall -Wextra -Wpedantic -Werror -g"
passed=0

# check WHAT COMMAND...
check() {
    what=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "test c::$what ... ok"
        passed=$((passed + 1))
    else
        echo "test c::$what ... FAILED: $*"
        cat "$work/said"
        exit 1
    fi
}

memcheck() {
    valgrind --quiet --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite,indirect,possible "$@"
}

soname() {
    newest=$(basename "$(ls "$tests"/../../abi/*.txt | sort -V | tail -n 1)" .txt)
    readelf -d /usr/local/lib/libvfiotph.so | grep SONAME | grep -F "[$newest]"
}

version() {
    number() { sed -n "s/^#define VFIOTPH_VERSION_$1 //p" /usr/local/include/vfiotph.h; }
    pkg-config --exact-version="$(number MAJOR).$(number MINOR).$(number PATCH)" vfiotph
}

# Every warning is an error, in the oldest and the newest language that is promised.
compile() { # COMPILER LANGUAGE STANDARD NAME LIBRARIES...
    build="$1 -std=$3 -x $2" name=$4
    shift 4
    $build $strict $sanitize -D_GNU_SOURCE $(pkg-config --cflags vfiotph) \
        "$tests/$name.c" -x none -o "$work/$name" "$@" -pthread
}

header_alone() { # COMPILER LANGUAGE STANDARD
    echo '#include <vfiotph.h>' >"$work/alone.$2"
    $1 -std="$3" $strict $(pkg-config --cflags vfiotph) -fsyntax-only -x "$2" "$work/alone.$2"
}

export LD_LIBRARY_PATH=/usr/local/lib:/emulated
shared=$(pkg-config --libs vfiotph)
static="-L/usr/local/lib -l:libvfiotph.a $(pkg-config --static --libs-only-l vfiotph | sed s/-lvfiotph//)"
emulated_shared="-L/emulated -lvfiotph_emulated"
emulated_static="-L/emulated -l:libvfiotph_emulated.a -lgcc_s -lm -ldl"
sanitize=

check "the soname is that of the newest record" soname
check "pkg-config tells the version of the header" version
check "the header alone in C99" header_alone gcc c c99
check "the header alone in C23" header_alone gcc c c23
check "the header alone in C++11" header_alone g++ c++ c++11
check "the header alone in C++23" header_alone g++ c++ c++23

cp /repo/crates/vfio-tph-capi/examples/steer.c "$work"
check "the example builds" gcc $strict "$work/steer.c" -o "$work/steer" $(pkg-config --cflags --libs vfiotph)

# both LANGUAGE-WITH-COMPILER TOOL COMMAND: with the shared and the static library
both() {
    for kind in shared static; do
        case $kind in
        shared) installed=$shared emulated=$emulated_shared ;;
        static) installed=$static emulated=$emulated_static ;;
        esac
        check "arguments builds, $1, $kind, $2" compile $1 arguments $installed
        check "arguments, $1, $kind, $2" $3 "$work/arguments"
        check "emulated builds, $1, $kind, $2" compile $1 emulated $emulated
        check "emulated, $1, $kind, $2" $3 "$work/emulated" /repo
    done
}

both "gcc c c11" plain ""
both "g++ c++ c++17" plain ""
both "gcc c c11" valgrind memcheck
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
both "gcc c c11" sanitizers ""
echo "$passed passed, 0 failed"
