//! `cargo xtask coverage`: which lines the tests run, crate by crate, and whether that is enough.
//!
//! rustc's own programs that read profiles are a component of rustup's; Debian's LLVM of the same
//! version reads them too.

mod lines;

use crate::process::{UNOPTIMIZED, finish, target};
use crate::repo;
use crate::tool::Tool;
use lines::{Count, Lines};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use tph_lab::prepare::prepare_coverage;
use tph_lab::{Cache, Error, Progress, output};

const TOOL: Tool = Tool { name: "cargo-llvm-cov", version: "0.9.1", options: &[] };
/// What is told of LLVM's programs by these variables.
const PROGRAMS: [(&str, &str); 2] = [("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata")];

/// What each of these has to have, in percent.
const RULES: [&str; 2] = ["crates/tph", "crates/tph-abi"];
const RULES_LIMIT: f64 = 98.0;
/// What all that is counted has to have.
const LIMIT: f64 = 85.0;

/// What runs where no line is counted, and where that is.
const ELSEWHERE: [(&str, &str); 6] = [
    ("benches", "not run by tests: cargo xtask bench"),
    ("lab/controls", "wrong on purpose: cargo xtask sanitize"),
    ("lab/models", "nothing but tests"),
    ("lab/guest", "in the guest"),
    ("lab/host", "starts guests: cargo xtask lab"),
    ("xtask", "starts programs: its own chores"),
];

/// A test of C programs with a library that is an example: cargo builds no examples here.
const NEEDS_EXAMPLE: &str = "a_device_of_an_emulated_host_is_steered";

pub(crate) fn run() -> Result<ExitCode, Error> {
    let cache = Cache::from_environment()?;
    let tool = TOOL.installed(&cache)?;
    let llvm = llvm()?;
    let sysroot = prepare_coverage(&cache, llvm, Progress::detect())?;
    let folder = target().join("coverage");
    fs::create_dir_all(&folder).map_err(Error::file("make the folder", &folder))?;
    let found = folder.join("lines.info");
    let mut programs = Vec::new();
    for (variable, program) in PROGRAMS {
        let native = sysroot.native(&format!("usr/lib/llvm-{llvm}/bin/{program}"));
        programs.push((variable, wrapper(&native, &folder.join(program))?));
    }
    // Of programs that an earlier run built, lines would be counted that the sources have no more.
    let build = folder.join("build");
    if build.exists() {
        fs::remove_dir_all(&build).map_err(Error::file("remove", &build))?;
    }
    let mut count = Command::new(&tool);
    count.args(["llvm-cov", "--workspace", "--profile", UNOPTIMIZED, "--lcov", "--output-path"]);
    count.arg(&found).args(["--", "--skip", NEEDS_EXAMPLE]).envs(programs);
    // Gigabytes, and of no use here.
    count.env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", build);
    finish(&mut count, TOOL.name, "run the tests and count lines")?;

    let lines = Lines::read(&found, &repo::root())?;
    let missing = folder.join("missing.txt");
    fs::write(&missing, lines.missing()).map_err(Error::file("write", &missing))?;
    let enough = report(&lines);
    println!("lines that no test runs: {}", missing.display());
    Ok(if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints the table; whether every limit is kept.
fn report(lines: &Lines) -> bool {
    let crates = lines.crates();
    let (mut all, mut enough) = (Count::default(), true);
    for absent in RULES.iter().filter(|name| !crates.contains_key(**name)) {
        println!("{absent}: no line was counted");
        enough = false;
    }
    println!("{:<18} {:>6} {:>6} {:>7}", "", "lines", "run", "%");
    for (name, count) in crates {
        let remark = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == name);
        let short = RULES.contains(&name.as_str()) && count.percent() < RULES_LIMIT;
        let remark = match remark {
            Some((_, remark)) => format!("  not counted: {remark}"),
            None if short => format!("  less than {RULES_LIMIT} %"),
            None => String::new(),
        };
        if !ELSEWHERE.iter().any(|(elsewhere, _)| *elsewhere == name) {
            all += count;
        }
        enough &= !short;
        println!("{name:<18} {count}{remark}");
    }
    let short = all.percent() < LIMIT;
    let remark = if short { format!("  less than {LIMIT} %") } else { String::new() };
    println!("{:<18} {all}{remark}", "all that is counted");
    enough && !short
}

/// The version of LLVM that rustc has.
fn llvm() -> Result<u32, Error> {
    let text = output(Command::new("rustc").arg("-vV"), "ask rustc for its LLVM")?;
    let version = text.lines().find_map(|line| line.strip_prefix("LLVM version: "));
    let major = version.and_then(|version| version.split('.').next()?.trim().parse().ok());
    let unexpected = Error::Output { step: "ask for its LLVM", program: "rustc", output: text };
    major.ok_or(unexpected)
}

/// A script that does what a command does, with what it is given behind it.
fn wrapper(command: &Command, path: &Path) -> Result<PathBuf, Error> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| format!("'{}'", word.display())).collect();
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "));
    fs::write(path, script).map_err(Error::file("write", path))?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, executable).map_err(Error::file("make executable", path))?;
    Ok(path.to_owned())
}
