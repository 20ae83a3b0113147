//! `cargo xtask mutants`: faults are put into the rules one by one, and a test has to fail for each.

mod argued;

use crate::process::{UNOPTIMIZED, target};
use crate::repo;
use crate::tool::Tool;
use argued::Argued;
use clap::Args;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{fmt, fs};
use tph_lab::{Cache, Error};

const TOOL: Tool = Tool { name: "cargo-mutants", version: "27.1.0", options: &[] };

/// How many seconds the tests get.
const TIMEOUT: &str = "120";
/// How cargo-mutants exits when some were not noticed, and when some only by a test that did not end.
const SURVIVORS: i32 = 2;
const HANGING: i32 = 3;

/// What is mutated, and which tests have to notice.
#[derive(Debug)]
struct Subject {
    name: &'static str,
    package: &'static str,
    folder: &'static str,
    /// What `cargo test` is told.
    tests: &'static [&'static str],
}

const SUBJECTS: [Subject; 3] = [
    Subject { name: "tph", package: "tph", folder: "crates/tph/src", tests: &["--tests"] },
    Subject {
        name: "tph-abi",
        package: "tph-abi",
        folder: "crates/tph-abi/src",
        tests: &["--tests"],
    },
    Subject {
        name: "plan",
        package: "vfio-tph",
        folder: "crates/vfio-tph/src/plan",
        tests: &["--lib", "--", "plan"],
    },
];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only of these
    #[arg(value_name = "SUBJECT", value_parser = SUBJECTS.map(|subject| subject.name))]
    subjects: Vec<String>,
    /// Only every Nth mutant, from the Kth on (counted from 0)
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Only of files that this pattern matches
    #[arg(long, value_name = "GLOB")]
    file: Option<String>,
}

/// What became of a subject's mutants: how many, and the names of those that no test noticed.
#[derive(Debug)]
struct Outcome {
    caught: usize,
    /// Noticed too: a test did not end.
    hanging: usize,
    /// Not built.
    unviable: usize,
    missed: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let program = TOOL.installed(&Cache::from_environment()?)?;
    let argued = Argued::read()?;
    let chosen = SUBJECTS.iter().filter(|subject| {
        arguments.subjects.is_empty() || arguments.subjects.iter().any(|name| name == subject.name)
    });
    // Of a part, nobody can say what would have survived in the rest.
    let whole = arguments.shard.is_none() && arguments.file.is_none();
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for subject in chosen {
        let outcome = subject.test(&program, arguments)?;
        problems.extend(argued.not_argued(&outcome.missed));
        if outcome.caught + outcome.hanging + outcome.missed.len() == 0 {
            problems.push(format!("{}: no mutant was tried", subject.name));
        }
        if whole {
            problems.extend(argued.outdated(subject.folder, &outcome.missed));
        }
        rows.push((subject.name, outcome));
    }
    println!("         mutants  caught  hanging  unviable  survivors");
    for (name, outcome) in &rows {
        println!("{name:<8} {outcome}");
    }
    for problem in &problems {
        println!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Subject {
    /// Puts the faults in, in a copy of the repository; what became of them.
    fn test(&self, program: &Path, arguments: &Arguments) -> Result<Outcome, Error> {
        let output = target().join("mutants").join(self.name);
        fs::create_dir_all(&output).map_err(Error::file("make the folder", &output))?;
        let all = format!("{}/**", self.folder);
        let mut command = Command::new(program);
        command.args(["mutants", "--package", self.package, "--profile", UNOPTIMIZED]);
        command.args(["--file", arguments.file.as_ref().unwrap_or(&all)]);
        if let Some(shard) = &arguments.shard {
            command.args(["--shard", shard, "--sharding", "round-robin"]);
        }
        command.args(["--no-shuffle", "--timeout", TIMEOUT, "--output"]).arg(&output);
        command.arg("--").args(self.tests);
        // One fault after the other in one crate: what is compiled again is little. It is built in the
        // copy: a folder shared by copies has the last one's faults in what cargo takes for fresh.
        command.env("CARGO_INCREMENTAL", "1").env_remove("CARGO_TARGET_DIR");
        let name = TOOL.name.to_owned();
        let status = command.current_dir(repo::root()).stdin(Stdio::null()).status();
        let status = status.map_err(|source| Error::Start { program: name.clone(), source })?;
        if !matches!(status.code(), Some(0 | SURVIVORS | HANGING)) {
            let step = "put faults into the rules";
            return Err(Error::Command { step, program: name, status, output: String::new() });
        }
        Outcome::read(&output.join("mutants.out"))
    }
}

impl Outcome {
    fn read(folder: &Path) -> Result<Self, Error> {
        let lines = |name: &str| {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            Ok::<Vec<String>, Error>(text.lines().map(str::to_owned).collect())
        };
        Ok(Self {
            caught: lines("caught.txt")?.len(),
            hanging: lines("timeout.txt")?.len(),
            unviable: lines("unviable.txt")?.len(),
            missed: lines("missed.txt")?,
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { caught, hanging, unviable, missed } = self;
        let missed = missed.len();
        let all = caught + hanging + unviable + missed;
        write!(f, "{all:>7} {caught:>7} {hanging:>8} {unviable:>9} {missed:>10}")
    }
}
