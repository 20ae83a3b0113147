//! The project's own chores: `cargo xtask …`.

mod lab;
mod repo;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// The lab: stock kernels in QEMU with emulated endpoints
    #[command(subcommand)]
    Lab(lab::Verb),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Lab(verb) => lab::run(verb),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        if let Some(advice) = error.advice() {
            eprintln!("what to do: {advice}");
        }
        ExitCode::FAILURE
    })
}
