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
use failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = |outcome: Result<(), Failure>| outcome.map(|()| ExitCode::SUCCESS);
    let code = match &cli.verb {
        Verb::Explain(args) => verbs::explain(args, cli.json),
        Verb::Demo(args) => done(verbs::demo(args, cli.json)),
        Verb::Dmabuf(args) => done(verbs::dma_buf(args, cli.json)),
        Verb::List(args) => done(verbs::list(args, cli.json)),
        Verb::Show(args) => done(verbs::show(args, cli.json)),
        Verb::Map(args) => done(verbs::map(args, cli.json)),
        Verb::Capture(args) => done(verbs::capture(args, cli.json)),
        Verb::Bind(args) => done(verbs::bind(args, cli.json)),
        Verb::Unbind(args) => done(verbs::unbind(args, cli.json)),
        Verb::Hold(args) => done(verbs::hold(args, cli.json)),
        Verb::Emulate(args) => done(verbs::emulate(args, cli.json)),
    };
    code.unwrap_or_else(|failure| failure.report())
}
