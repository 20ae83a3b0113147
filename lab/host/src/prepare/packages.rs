//! Which packages the lab needs.

use super::apt::Apt;
use crate::kernel::{KernelChoice, Version};
use crate::{Error, Result};

/// The suite that has today's QEMU and kernels; [`TRIXIE`] is what it builds upon.
pub(super) const BACKPORTS: &str = "trixie-backports";
/// The suite that has the toolchain.
pub(super) const TRIXIE: &str = "trixie";

/// A toolchain for kernel modules in C and Rust, and QEMU.
pub(super) fn tools() -> Vec<String> {
    let toolchain = [
        "base-files",
        "bash",
        "coreutils",
        "findutils",
        "grep",
        "sed",
        "mawk",
        "make",
        "gcc",
        "libc6-dev",
        "rustc",
        "rust-src",
        "cargo",
        "kmod",
        "xz-utils",
        "cpio",
        "busybox-static",
    ];
    let qemu = ["qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"];
    toolchain
        .into_iter()
        .map(str::to_owned)
        .chain(qemu.map(|package| format!("{package}/{BACKPORTS}")))
        .collect()
}

/// What building a kernel needs beside [`tools()`].
pub(super) fn kernel_build_tools() -> Vec<String> {
    ["flex", "bison", "bc", "perl", "diffutils", "gzip", "libelf-dev", "libssl-dev"]
        .map(str::to_owned)
        .into()
}

/// What checks C code, beside the scripts of the kernel's sources.
pub(super) fn check_tools() -> Vec<String> {
    ["perl", "sparse"].map(str::to_owned).into()
}

/// What building and checking the C library needs beside [`tools()`]. Valgrind cannot do without
/// the symbols of libc's loader.
pub(super) fn c_library_tools() -> Vec<String> {
    ["cargo-c", "g++", "pkgconf", "valgrind", "libc6-dbg"].map(str::to_owned).into()
}

/// What installing the project's packages needs beside [`c_library_tools()`].
pub(super) fn package_tools() -> Vec<String> {
    ["dpkg", "libc-bin", "dkms", "passwd", "lintian"].map(str::to_owned).into()
}

/// A small system that systemd and udev run in.
pub(super) fn system() -> Vec<String> {
    [
        "base-files",
        "base-passwd",
        "bash",
        "coreutils",
        "dash",
        "diffutils",
        "dpkg",
        "findutils",
        "grep",
        "kmod",
        "libc-bin",
        "mount",
        "passwd",
        "sed",
        "systemd",
        "udev",
        "util-linux",
    ]
    .map(str::to_owned)
    .into()
}

/// Programs that read the same registers and files, and what unpacks sources.
pub(super) fn peer_tools() -> Vec<String> {
    ["pciutils", "hwloc-nox", "bzip2", "tar"].map(str::to_owned).into()
}

/// What benchmarks are compared with, and what counts for them. `base-files` has the links of `/`,
/// which a loader is found by; a new sysroot has nothing else of [`tools()`].
pub(super) fn benchmark_tools() -> Vec<String> {
    ["base-files", "pciutils", "hwloc-nox", "valgrind", "strace"].map(str::to_owned).into()
}

/// Rust for s390x, what links its programs and what runs them. This suite's own rustc is older than the
/// workspace may be built with; the one that it builds browsers with is not.
pub(super) fn big_endian_tools() -> Vec<String> {
    [
        "base-files",
        "bash",
        "coreutils",
        "rustc-web",
        "cargo-web",
        "gcc-s390x-linux-gnu",
        "libc6-dev-s390x-cross",
        "qemu-user",
    ]
    .map(str::to_owned)
    .into()
}

/// Its standard library, without what would run on an s390x.
pub(super) fn big_endian_library() -> Vec<String> {
    vec!["libstd-rust-web-dev:s390x".to_owned()]
}

/// A compiler with the sources of its standard library, and gcc's thread sanitizer.
pub(super) fn thread_sanitizer_tools() -> Vec<String> {
    [
        "base-files",
        "bash",
        "coreutils",
        "gcc",
        "libc6-dev",
        "libtsan2",
        "rustc",
        "cargo",
        "rust-src",
    ]
    .map(str::to_owned)
    .into()
}

/// What reads the profiles that rustc's LLVM writes: Debian has that LLVM too.
pub(super) fn coverage_tools(llvm: u32) -> Vec<String> {
    vec!["base-files".to_owned(), format!("llvm-{llvm}")]
}

/// The newest sources of a kernel as a package.
pub(super) fn newest_source(apt: &Apt) -> Result<String> {
    let depends = apt.depends("linux-source", BACKPORTS)?;
    let package = depends.split([',', ' ']).find(|word| word.starts_with("linux-source-"));
    package
        .map(|package| format!("{package}/{BACKPORTS}"))
        .ok_or_else(|| Error::NoKernelPackage { choice: KernelChoice::Debug.to_string() })
}

/// What building a module for a kernel needs.
pub(super) fn kernel_headers(version: &Version) -> Vec<String> {
    vec![format!("linux-headers-{version}")]
}

/// What booting a kernel needs. From 7.x on Debian ships image and modules apart, and the image
/// also without a signature (which needs no further tools).
pub(super) fn kernel_image(apt: &Apt, version: &Version) -> Result<Vec<String>> {
    let split = format!("linux-binary-unsigned-{version}");
    let found = apt.search(&format!("^{}$", split.replace('.', r"\.").replace('+', r"\+")))?;
    Ok(if found.is_empty() {
        vec![format!("linux-image-{version}")]
    } else {
        vec![split, format!("linux-modules-{version}")]
    })
}

/// The newest kernel that a choice stands for.
pub(super) fn newest_kernel(apt: &Apt, choice: &KernelChoice) -> Result<Version> {
    let found = match choice {
        KernelChoice::Backports => of_meta_package(&apt.depends("linux-headers-amd64", BACKPORTS)?),
        KernelChoice::Stable => of_meta_package(&apt.depends("linux-headers-amd64", TRIXIE)?),
        KernelChoice::Prefix(prefix) => {
            newest_of(&apt.search("^linux-headers-[0-9].*-amd64$")?, prefix)
        }
        KernelChoice::Folder(_) | KernelChoice::Debug => None,
    };
    found.ok_or_else(|| Error::NoKernelPackage { choice: choice.to_string() })
}

/// The version in a `Depends:` line such as `linux-headers-7.3.4+deb13-amd64 (= 7.3.4-1)`.
fn of_meta_package(depends: &str) -> Option<Version> {
    depends
        .split([',', ' '])
        .filter_map(|word| word.strip_prefix("linux-headers-"))
        .map(Version::new)
        .max()
}

/// The newest of the packages whose version has the prefix; flavours (cloud, rt) do not count.
fn newest_of(packages: &[String], prefix: &str) -> Option<Version> {
    packages
        .iter()
        .filter_map(|package| package.strip_prefix("linux-headers-"))
        .filter(|version| version.matches('-').count() == 1)
        .map(Version::new)
        .filter(|version| version.has_prefix(prefix))
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_package_names_the_newest_kernel_of_its_suite() {
        let depends = "linux-base-amd64 (= 7.3.4-1~bpo13+1), \
                       linux-headers-7.3.4+deb13-amd64 (= 7.3.4-1~bpo13+1)";
        assert_eq!(of_meta_package(depends), Some(Version::new("7.3.4+deb13-amd64")));
        assert_eq!(of_meta_package("linux-base (= 1)"), None);
    }

    #[test]
    fn a_prefix_names_the_newest_plain_kernel() {
        let packages = [
            "linux-headers-7.2.9+deb13-amd64",
            "linux-headers-7.2.12+deb13-amd64",
            "linux-headers-7.2.13+deb13-cloud-amd64",
            "linux-headers-7.3.4+deb13-amd64",
        ]
        .map(str::to_owned);
        assert_eq!(newest_of(&packages, "7.2"), Some(Version::new("7.2.12+deb13-amd64")));
        assert_eq!(newest_of(&packages, "5"), None);
    }
}
