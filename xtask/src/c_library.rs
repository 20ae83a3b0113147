//! `cargo xtask c-library`: libvfiotph built and installed as a packager does it, then used from C
//! and C++ in a system that has nothing but the installed files. (That is the lab's sysroot: a
//! machine whose libc is newer than Debian's stable one may build what does not run there.)

use crate::process::{cargo, fetch, finish, target};
use crate::repo;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tph_lab::prepare::prepare_c_library;
use tph_lab::sysroot::Mount;
use tph_lab::{Cache, Error, Progress, Sysroot};

const PACKAGE: &str = "vfio-tph-capi";
/// The library with the emulated host in it, for tests.
const EMULATED: &str = "vfiotph_emulated";
/// Where the library goes below the folder that it is installed into, unless it is packed.
const LOCAL: Place = Place {
    prefix: "/usr/local",
    libraries: "/usr/local/lib",
    build: "cargo-c",
    flags: String::new(),
};
/// Where cargo finds flags for rustc, told apart by `\x1f`: they may have spaces.
pub(crate) const ENCODED_FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
/// What compiles and runs the programs, in the sysroot.
const CHECK: &str = "/repo/crates/vfio-tph-capi/tests/c/check.sh";

/// Where the library is to be found once it is installed, and how it is built for that.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) prefix: &'static str,
    pub(crate) libraries: &'static str,
    /// The folder to build in, below cargo's.
    pub(crate) build: &'static str,
    /// What rustc is told, as in [`ENCODED_FLAGS`].
    pub(crate) flags: String,
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only build and install into FOLDER, below usr/local
    #[arg(long, value_name = "FOLDER")]
    install: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let progress = Progress::detect();
    let sysroot = prepare_c_library(&Cache::from_environment()?, progress)?;
    fetch()?;
    if let Some(folder) = &arguments.install {
        let folder = std::path::absolute(folder).map_err(Error::file("find", folder))?;
        install(&sysroot, &folder, &LOCAL)?;
        return Ok(ExitCode::SUCCESS);
    }
    let target = target();
    let folder = target.join("c-library");
    // Nothing of an earlier build may be found.
    let _ = std::fs::remove_dir_all(&folder);
    install(&sysroot, &folder, &LOCAL)?;
    emulated(&target)?;
    check(&sysroot, &folder, &target)
}

/// Debian's cargo-c, with the cargo in it and this machine's rustc.
pub(crate) fn install(sysroot: &Sysroot, folder: &Path, place: &Place) -> Result<(), Error> {
    let mut command = sysroot.native("usr/bin/cargo-cinstall");
    command
        .args(["cinstall", "--frozen", "--release", "--package", PACKAGE, "--prefix", place.prefix])
        .args([
            "--libdir",
            place.libraries,
            "--library-type",
            "cdylib",
            "--library-type",
            "staticlib",
        ])
        .arg("--destdir")
        .arg(folder)
        .arg("--target-dir")
        .arg(target().join(place.build));
    if !place.flags.is_empty() {
        command.env(ENCODED_FLAGS, &place.flags);
    }
    finish(&mut command, "cargo-cinstall", "build and install the C library")
}

fn emulated(target: &Path) -> Result<(), Error> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", PACKAGE, "--example", EMULATED]);
    command.arg("--target-dir").arg(target);
    finish(&mut command, "cargo", "build the C library with an emulated host")
}

/// The script's exit code.
fn check(sysroot: &Sysroot, installed: &Path, target: &Path) -> Result<ExitCode, Error> {
    let (repository, examples) = (repo::root(), target.join("debug/examples"));
    let libraries = installed.join(LOCAL.prefix.trim_start_matches('/'));
    let mounts = [
        Mount { from: &repository, to: "/repo" },
        Mount { from: &libraries, to: LOCAL.prefix },
        Mount { from: &examples, to: "/emulated" },
    ];
    let status = sysroot
        .command("sh", &mounts)
        .arg(CHECK)
        .status()
        .map_err(|source| Error::Start { program: "unshare".to_owned(), source })?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
