//! `cargo xtask sanitize`: the libraries' tests with the address or the thread sanitizer.
//!
//! rustc's flags for them are unstable; `RUSTC_BOOTSTRAP` lets a stable compiler take them, for these
//! tests only.

use crate::c_library::ENCODED_FLAGS;
use crate::counted::{CONTROLS, LeftOut, must_fail, must_pass, tests};
use crate::inside;
use crate::process::{cargo, fetch, finish, target, triple};
use crate::repo;
use clap::{Args, ValueEnum};
use std::process::{Command, ExitCode};
use tph_lab::prepare::prepare_thread_sanitizer;
use tph_lab::{Cache, Error, Progress, Sysroot, output};

/// What lets a stable compiler take unstable flags.
const UNSTABLE: (&str, &str) = ("RUSTC_BOOTSTRAP", "1");
/// What compiled the libraries when the figures in docs/testing.md were taken.
const RECORDED: &str = "rustc 1.97.1";
const ADDRESS_LEAVES_OUT: LeftOut = LeftOut {
    tests: &[
        ("a_device_of_an_emulated_host_is_steered", C_PROGRAM),
        ("bad_arguments_are_refused_in_words", C_PROGRAM),
    ],
    not_built: &[DOC_TESTS],
};
const THREAD_LEAVES_OUT: LeftOut = LeftOut {
    tests: &[],
    not_built: &[
        ("tph, tph-abi", "they have no threads"),
        ("vfio-tph-capi", "its only test with threads is a C program, which gcc links"),
        DOC_TESTS,
    ],
};
const C_PROGRAM: &str = "gcc links this C program, without rustc's sanitizer: `cargo xtask c-library` runs it with \
                         gcc's and with valgrind";
const DOC_TESTS: (&str, &str) = ("doc tests", "rustdoc does not take rustc's flags from cargo");

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What looks
    sanitizer: Sanitizer,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sanitizer {
    /// Memory used past its end, after its release, or never released
    Address,
    /// Memory that threads use without order
    Thread,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    fetch()?;
    match arguments.sanitizer {
        Sanitizer::Address => address(),
        Sanitizer::Thread => thread(),
    }
}

/// With this machine's compiler: its library needs no change for this sanitizer.
fn address() -> Result<ExitCode, Error> {
    let triple = triple()?;
    let sanitized = |verb| {
        let mut command = cargo();
        command.args([verb, "--locked", "--target", &triple]).current_dir(repo::root());
        command.arg("--target-dir").arg(target().join("sanitize/address"));
        command.env(UNSTABLE.0, UNSTABLE.1).env(ENCODED_FLAGS, "-Zsanitizer=address");
        command
    };
    must_fail(&mut control(sanitized("run"), "overflow"), "heap-buffer-overflow")?;
    let mut command = sanitized("test");
    packages(&mut command, &["tph", "tph-abi", "vfio-tph", "tph-emu", "vfio-tph-capi"]);
    tests(&mut command, "address sanitizer", ADDRESS_LEAVES_OUT)
}

/// With a compiler whose library's sources are to be had: the library is built for the sanitizer too, as it does
/// not see the order that a lock brings otherwise.
fn thread() -> Result<ExitCode, Error> {
    let sysroot = prepare_thread_sanitizer(&Cache::from_environment()?, Progress::detect())?;
    say_compiler(&sysroot)?;
    let library = sysroot.root().join("usr/lib/rustlib/src/rust/library/Cargo.toml");
    let mut command = cargo();
    command.args(["fetch", "--quiet", "--locked", "--manifest-path"]).arg(library);
    command.env(UNSTABLE.0, UNSTABLE.1);
    finish(&mut command, "cargo", "fetch what the standard library needs")?;
    let sanitized = |verb| -> Result<Command, Error> { built_for_threads(&sysroot, verb) };
    must_fail(&mut control(sanitized("run")?, "race"), "ThreadSanitizer: data race")?;
    must_pass(&mut control(sanitized("run")?, "locks"))?;
    let mut command = sanitized("test")?;
    packages(&mut command, &["vfio-tph", "tph-emu"]);
    tests(&mut command, "thread sanitizer", THREAD_LEAVES_OUT)
}

/// Debian unstable has one compiler at a time, so a version cannot be asked for.
fn say_compiler(sysroot: &Sysroot) -> Result<(), Error> {
    let version = output(sysroot.command("rustc", &[]).arg("--version"), "ask for its version")?;
    let version = version.trim();
    println!("compiler: {version}, of Debian unstable");
    if !version.starts_with(RECORDED) {
        println!("the figures in docs/testing.md are of {RECORDED}");
    }
    Ok(())
}

/// The sanitizer is gcc's, which has to be the first library of a program.
fn built_for_threads(sysroot: &Sysroot, verb: &str) -> Result<Command, Error> {
    let mut command = inside::cargo(sysroot, &target().join("sanitize/thread"), verb)?;
    command.args(["-Zbuild-std", "--target", "x86_64-unknown-linux-gnu"]);
    let flags = ["-Zsanitizer=thread", "-Zexternal-clangrt", "-Clink-arg=-ltsan"];
    command.env(UNSTABLE.0, UNSTABLE.1).env(ENCODED_FLAGS, flags.join("\x1f"));
    let runner = "env LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libtsan.so.2";
    command.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner);
    Ok(command)
}

fn control(mut command: Command, program: &str) -> Command {
    command.args(["--package", CONTROLS, "--bin", program]);
    command
}

fn packages(command: &mut Command, packages: &[&str]) {
    command.args(["--no-fail-fast", "--lib", "--tests"]);
    command.args(packages.iter().flat_map(|package| ["--package", package]));
}
