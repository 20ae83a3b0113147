//! `cargo xtask bench`: builds the command and the benchmarks as they are shipped, and runs them.

use crate::process::{cargo, finish, target};
use crate::repo;
use clap::Args;
use std::process::ExitCode;
use tph_lab::Error;

#[derive(Debug, Args)]
#[command(after_help = "It exits with 1 when a limit is missed. Rows 2 and 10 need a guest: \
                        `cargo xtask lab bench`.")]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw the plot of row 7 in docs/plan-growth.svg anew
    #[arg(long)]
    plot: bool,
    /// Which rows [default: all that need no guest]
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let mut build = cargo();
    build.args(["build", "--release", "--package", "tph-cli", "--package", "tph-benches"]);
    finish(&mut build, "cargo", "build the command and the benchmarks")?;
    let release = target().join("release");
    let mut bench = std::process::Command::new(release.join("tph-benches"));
    bench.arg("--tph").arg(release.join("tph")).args(&arguments.rows).current_dir(repo::root());
    if arguments.json {
        bench.arg("--json");
    }
    if arguments.plot {
        bench.arg("--plot").arg("docs/plan-growth.svg");
    }
    let status = bench
        .status()
        .map_err(|source| Error::Start { program: "tph-benches".to_owned(), source })?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
