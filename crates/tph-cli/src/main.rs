//! The `tph` command: see and steer in which cache a device's writes land.

mod cli;
mod failure;
mod output;
mod report;
mod source;
mod style;
mod table;
mod verbs;
mod words;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Verb};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Demo(args) => verbs::demo(args, cli.json),
        Verb::Dmabuf(args) => verbs::dma_buf(args, cli.json),
        Verb::List(args) => verbs::list(args, cli.json),
        Verb::Show(args) => verbs::show(args, cli.json),
        Verb::Bind(args) => verbs::bind(args, cli.json),
        Verb::Unbind(args) => verbs::unbind(args, cli.json),
        Verb::Hold(args) => verbs::hold(args, cli.json),
        Verb::Emulate(args) => verbs::emulate(args, cli.json),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
