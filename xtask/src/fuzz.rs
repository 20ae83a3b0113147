//! `cargo xtask fuzz`: libFuzzer on the targets of `lab/fuzz`, counted.
//!
//! libFuzzer is built from the sources in the crate `libfuzzer-sys`, and the flags that make rustc
//! count edges are stable ones: neither nightly nor a tool has to be there.

use crate::c_library::ENCODED_FLAGS;
use crate::process::{cargo, finish, target, triple};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use tph_fuzz::{TARGETS, Target, slice};
use tph_lab::Error;

const PACKAGE: &str = "tph-fuzz";
const PROFILE: &str = "fuzz";
/// What `cargo fuzz` gives rustc: a counter for each edge, and what is compared with what.
const FLAGS: [&str; 8] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=32",
];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only these targets
    #[arg(value_name = "TARGET", value_parser = TARGETS.map(|target| target.name))]
    targets: Vec<String>,
    /// Stop each after N inputs
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    executions: Option<u64>,
    /// Stop each after N seconds
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
}

/// How a target fared.
#[derive(Debug, Default)]
struct Score {
    executions: u64,
    edges: u64,
    corpus: u64,
    clean: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|it| arguments.targets.is_empty() || arguments.targets.contains(&it.name.into()))
        .collect();
    let folder = target().join("fuzz");
    let programs = build(&chosen, &folder)?;
    println!("{:<12} {:>14} {:>7} {:>7}", "target", "executions", "edges", "corpus");
    let mut clean = true;
    for target in chosen {
        let score = fuzz(target, arguments, &folder, &programs)?;
        let Score { executions, edges, corpus, .. } = score;
        let end = if score.clean { "" } else { "  a find" };
        println!("{:<12} {executions:>14} {edges:>7} {corpus:>7}{end}", target.name);
        clean &= score.clean;
    }
    if clean {
        return Ok(ExitCode::SUCCESS);
    }
    println!("finds and logs: {}", folder.join("found").display());
    println!("what shows one: cargo run --package {PACKAGE} --bin TARGET -- FILE");
    Ok(ExitCode::FAILURE)
}

/// Builds the programs; the folder that they are in.
fn build(targets: &[&Target], folder: &Path) -> Result<PathBuf, Error> {
    let triple = triple()?;
    let mut command = cargo();
    command.args(["build", "--package", PACKAGE, "--profile", PROFILE]);
    // With a target named, build scripts are built without the flags.
    command.args(["--target", &triple]).arg("--target-dir").arg(folder);
    for target in targets {
        command.args(["--bin", target.name]);
    }
    command.env(ENCODED_FLAGS, FLAGS.join("\x1f"));
    finish(&mut command, "cargo", "build the targets with libFuzzer")?;
    Ok(folder.join(triple).join(PROFILE))
}

fn fuzz(
    target: &Target,
    arguments: &Arguments,
    folder: &Path,
    programs: &Path,
) -> Result<Score, Error> {
    let make = |name: &str| {
        let path = folder.join(name);
        fs::create_dir_all(&path).map_err(Error::file("make", &path)).map(|()| path)
    };
    let corpus = make(&format!("corpus/{}", target.name))?;
    let found = make("found")?;
    let log = found.join(format!("{}.log", target.name));
    let file = fs::File::create(&log).map_err(Error::file("make", &log))?;

    let program = programs.join(target.name);
    let mut command = Command::new(&program);
    command.arg(corpus).args(seeds(&slice::folder(target)));
    command.arg(format!("-max_len={}", target.longest));
    command.arg(format!("-artifact_prefix={}/{}-", found.display(), target.name));
    command.args(["-print_final_stats=1", "-timeout=60", "-rss_limit_mb=1024"]);
    command.arg(match arguments.executions {
        Some(executions) => format!("-runs={executions}"),
        None => format!("-max_total_time={}", arguments.seconds),
    });
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).status();
    let program = program.display().to_string();
    let status = status.map_err(|source| Error::Start { program, source })?;
    let text = fs::read_to_string(&log).map_err(Error::file("read", &log))?;
    Ok(Score { clean: status.success(), ..Score::of(&text) })
}

/// A target's own files, and the folders that it borrows.
fn seeds(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    if folder.is_dir() {
        folders.push(folder.to_owned());
    }
    folders
}

impl Score {
    /// What libFuzzer said last.
    fn of(log: &str) -> Self {
        let number = |text: &str| text.split('/').next().and_then(|text| text.parse().ok());
        let mut score = Self::default();
        for line in log.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            for pair in words.windows(2) {
                match *pair {
                    ["cov:", edges] => score.edges = number(edges).unwrap_or(score.edges),
                    ["corp:", corpus] => score.corpus = number(corpus).unwrap_or(score.corpus),
                    ["stat::number_of_executed_units:", runs] => {
                        score.executions = number(runs).unwrap_or(0);
                    }
                    _ => {}
                }
            }
        }
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo;

    #[test]
    fn the_last_numbers_of_a_log_count() {
        let log = "#2\tINITED cov: 17 ft: 18 corp: 1/1b exec/s: 0 rss: 30Mb\n\
                   #900\tREDUCE cov: 21 ft: 30 corp: 5/9b lim: 4 exec/s: 900 rss: 30Mb\n\
                   stat::number_of_executed_units: 1000000\n";
        let Score { executions, edges, corpus, clean } = Score::of(log);
        assert_eq!((executions, edges, corpus, clean), (1_000_000, 21, 5, false));
    }

    #[test]
    fn every_target_has_its_program() {
        let programs = repo::root().join("lab/fuzz/src/bin");
        for target in TARGETS {
            assert!(programs.join(format!("{}.rs", target.name)).exists(), "{}", target.name);
        }
    }
}
