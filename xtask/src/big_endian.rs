//! `cargo xtask big-endian`: what has to work in either byte order, on an emulated s390x.

use crate::counted::{CONTROLS, LeftOut, must_fail, tests};
use crate::inside;
use crate::process::{fetch, target};
use std::process::{Command, ExitCode};
use tph_lab::prepare::prepare_big_endian;
use tph_lab::{Cache, Error, Progress};

const TARGET: &str = "s390x-unknown-linux-gnu";
const PACKAGES: [&str; 3] = ["tph", "tph-abi", "tph-emu"];
const LEFT_OUT: LeftOut = LeftOut {
    tests: &[(
        "eventfds_are_told_of_interrupts",
        "qemu turns the bytes of an eventfd around for a program of the other byte order, unless the descriptor came \
         through a socket: then the writer's number is not the reader's",
    )],
    not_built: &[
        (
            "vfio-tph, vfio-tph-capi, tph-cli",
            "kvm-ioctls, which vfio-ioctls brings, does not build there",
        ),
        ("doc tests", "they show calls; what byte order could break is in the tests"),
    ],
};

pub(crate) fn run() -> Result<ExitCode, Error> {
    let sysroot = prepare_big_endian(&Cache::from_environment()?, Progress::detect())?;
    fetch()?;
    let folder = target().join("big-endian");
    let cargo = |verb| -> Result<Command, Error> {
        let mut command = inside::cargo(&sysroot, &folder, verb)?;
        command.args(["--target", TARGET]);
        command.env("CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER", "s390x-linux-gnu-gcc");
        let runner = "qemu-s390x -L /usr/s390x-linux-gnu";
        command.env("CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUNNER", runner);
        Ok(command)
    };
    let mut control = cargo("run")?;
    control.args(["--package", CONTROLS, "--bin", "byte_order"]);
    must_fail(&mut control, "bytes in the other order")?;
    let mut command = cargo("test")?;
    command.args(["--no-fail-fast", "--lib", "--tests"]);
    command.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    tests(&mut command, "big-endian", LEFT_OUT)
}
