//! The `tph` command: see and steer in which cache a device's writes land.

mod cli;
mod exit;
mod failure;
mod file;
mod output;
mod plan_file;
mod report;
mod safe;
#[cfg(test)]
mod schema;
mod source;
mod style;
mod table;
mod usage;
mod verbs;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use cli::{Cli, Verb};
use failure::Failure;

/// The definition of the command line, from which help, completions and manual pages are made.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// The file of a plan, read as `tph apply` reads it and written as `tph plan` writes it.
///
/// # Errors
/// What is wrong with it, as the command says it of a file called `plan`.
///
/// # Panics
/// If what is written is not read as the same plan.
pub fn rewritten_plan(text: &str) -> Result<String, String> {
    let plan = plan_file::PlanFile::parse("plan", text).map_err(|error| error.to_string())?;
    let written = plan.text().map_err(|error| error.to_string())?;
    let again = plan_file::PlanFile::parse("plan", &written);
    assert_eq!(again.as_ref().ok(), Some(&plan), "{written}");
    Ok(written)
}

/// Does what the command line of this process says; the code to exit with.
pub fn run() -> ExitCode {
    let matches = definition().try_get_matches();
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(refusal) => return usage::report(&refusal, std::env::args_os().skip(1)),
    };
    output::set_style(cli.style());
    let json = cli.json();
    let done = |outcome: Result<(), Failure>| outcome.map(|()| ExitCode::SUCCESS);
    let code = match &cli.verb {
        Verb::Explain(args) => verbs::explain(args, json),
        Verb::Demo(args) => done(verbs::demo(args, json)),
        Verb::Dmabuf(args) => done(verbs::dma_buf(args, json)),
        Verb::List(args) => verbs::list(args, json),
        Verb::Show(args) => verbs::show(args, json),
        Verb::Map(args) => done(verbs::map(args, json)),
        Verb::Capture(args) => verbs::capture(args, json),
        Verb::Bind(args) => done(verbs::bind(args, json)),
        Verb::Unbind(args) => done(verbs::unbind(args, json)),
        Verb::Hold(args) => done(verbs::hold(args, json)),
        Verb::Plan(args) => done(verbs::plan(args, json)),
        Verb::Apply(args) => done(verbs::apply(args, json)),
        Verb::Verify(args) => verbs::verify(args, json),
        Verb::Watch(args) => done(verbs::watch(args, json)),
        Verb::Bench(args) => verbs::bench(args, json),
        Verb::Emulate(args) => done(verbs::emulate(args, json)),
    };
    code.unwrap_or_else(|failure| failure.report())
}
