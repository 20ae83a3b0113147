//! `cargo xtask test`: the whole test run, part by part.

mod part;

use clap::Args;
use part::{PARTS, Part, Verdict};
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run only these parts [default: all]
    #[arg(value_name = "PART", value_parser = PARTS.map(|part| part.name))]
    parts: Vec<String>,
}

/// Runs the parts one after the other; a failed one does not keep the rest from running. Where CI is
/// set, a skipped part is a failure: nobody would notice that it never ran.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
    let wanted = |part: &&Part| {
        arguments.parts.is_empty() || arguments.parts.iter().any(|name| name == part.name)
    };
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for part in PARTS.iter().filter(wanted) {
        println!("=== {}: {}", part.name, part.what);
        let began = Instant::now();
        let verdict = part.run();
        let word = match &verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed => "FAILED".to_owned(),
            Verdict::Skipped(why) => format!("SKIPPED: {why}"),
        };
        match verdict {
            Verdict::Passed => passed += 1,
            Verdict::Skipped(_) if !strict => skipped += 1,
            _ => failed += 1,
        }
        lines.push(format!("{:<8} {:>6.1} s  {word}", part.name, began.elapsed().as_secs_f32()));
    }
    println!("=== the whole run");
    println!("{}", lines.join("\n"));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
