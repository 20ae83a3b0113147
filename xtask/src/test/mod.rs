//! `cargo xtask test`: the whole test run, part by part.

mod part;
mod parts;

use clap::Args;
use clap::builder::PossibleValuesParser;
use part::{Part, Verdict};
use parts::PARTS;
use std::process::ExitCode;
use std::time::Instant;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run every part: also the tests on a kernel that is built first
    #[arg(long, conflicts_with = "parts")]
    full: bool,
    /// Run only these parts [default: those that are quick enough for every run]
    #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(PARTS.iter().map(|part| part.name)))]
    parts: Vec<String>,
}

impl Arguments {
    fn want(&self, part: &Part) -> bool {
        if self.parts.is_empty() {
            return self.full || part.usual;
        }
        self.parts.iter().any(|name| name == part.name)
    }
}

/// Runs the parts one after the other; a failed one does not keep the rest from running. Where CI is
/// set, a skipped part is a failure: nobody would notice that it never ran.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let strict = std::env::var_os("CI").is_some_and(|value| value == "true");
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for part in PARTS.iter().filter(|part| arguments.want(part)) {
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
        lines.push(format!("{:<16} {:>6.1} s  {word}", part.name, began.elapsed().as_secs_f32()));
    }
    println!("=== the whole run");
    println!("{}", lines.join("\n"));
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(full: bool, parts: &[&str]) -> Vec<&'static str> {
        let parts = parts.iter().copied().map(str::to_owned).collect();
        let arguments = Arguments { full, parts };
        PARTS.iter().filter(|part| arguments.want(part)).map(|part| part.name).collect()
    }

    #[test]
    fn slow_parts_run_only_when_asked_for() {
        let quick = wanted(false, &[]);
        assert!(quick.ends_with(&["lab", "lab-stable"]), "{quick:?}");
        assert_eq!(wanted(true, &[]).len(), PARTS.len());
        assert_eq!(wanted(false, &["lab-debug", "format"]), ["format", "lab-debug"]);
    }
}
