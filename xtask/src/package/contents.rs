//! What is in the packages.

use super::VERSION;
use super::deb::Package;
use crate::c_library::{self, ENCODED_FLAGS};
use crate::process::{cargo, cargo_home, fetch, finish, target};
use crate::{dist, repo};
use std::path::{Path, PathBuf};
use std::process::Command;
use tph_lab::{Error, Sysroot};

/// Where Debian keeps libraries.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

/// The command, the C library, and what goes with them; the files that use the C library of the
/// system.
pub(super) fn command(sysroot: &Sysroot, package: &Package) -> Result<[PathBuf; 2], Error> {
    let (root, flags) = (package.root(), flags());
    let build = target().join("package-build");
    let mut tph = cargo();
    tph.args(["build", "--quiet", "--locked", "--release", "--package", "tph-cli"]);
    finish(tph.env(ENCODED_FLAGS, &flags).arg("--target-dir").arg(&build), "cargo", "build tph")?;
    package.program(&build.join("release/tph"), "usr/bin/tph")?;
    let program = root.join("usr/bin/tph");

    fetch()?;
    let place =
        c_library::Place { prefix: "/usr", libraries: LIBRARIES, build: "package-build-c", flags };
    c_library::install(sysroot, root, &place)?;
    let shared = root.join(&LIBRARIES[1..]).join(format!("libvfiotph.so.{VERSION}"));
    let mut strip = Command::new("strip");
    finish(
        strip.arg("--strip-unneeded").args([&program, &shared]),
        "strip",
        "strip what is packed",
    )?;
    let mut chmod = Command::new("chmod");
    finish(chmod.arg("a-x").arg(&shared), "chmod", "make the C library no program")?;

    dist::write(&root.join("usr/share"))?;
    for (from, to) in [
        ("packaging/vfio-tph/70-vfio-tph.rules", "usr/lib/udev/rules.d/70-vfio-tph.rules"),
        ("packaging/vfio-tph/tph-watch@.service", "usr/lib/systemd/system/tph-watch@.service"),
        ("crates/tph-cli/schema/tph.schema.json", "usr/share/vfio-tph/tph.schema.json"),
    ] {
        package.file(&repo::root().join(from), to)?;
    }
    Ok([program, shared])
}

/// The module's sources, where DKMS looks for them.
pub(super) fn module(package: &Package) -> Result<(), Error> {
    let folder = package.root().join(format!("usr/src/vfio-tph-{VERSION}"));
    let mut make = Command::new("make");
    make.args(["--silent", "-C", "kernel", "dkms-source"]);
    make.arg(format!("DIR={}", folder.display()));
    finish(&mut make, "make", "gather the module's sources")
}

/// Keeps this machine's paths out of what is built.
fn flags() -> String {
    let remap = |from: &Path, to| format!("--remap-path-prefix={}={to}", from.display());
    let flags =
        [Some(remap(&repo::root(), "vfio-tph")), cargo_home().map(|home| remap(&home, "cargo"))];
    flags.into_iter().flatten().collect::<Vec<_>>().join("\x1f")
}
