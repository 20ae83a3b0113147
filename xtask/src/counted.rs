//! Test runs of cargo whose tests are counted, and programs that must be found wrong.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::process::finish;
use tph_lab::Error;

/// The package with the programs that are wrong.
pub(crate) const CONTROLS: &str = "tph-controls";

/// What a run leaves out, each with the reason.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftOut {
    /// Names of tests.
    pub(crate) tests: &'static [(&'static str, &'static str)],
    /// What is not built to begin with.
    pub(crate) not_built: &'static [(&'static str, &'static str)],
}

impl LeftOut {
    /// What the run says of it in the end.
    fn lines(self) -> String {
        let line = |how| move |(what, why): &(_, _)| format!("  {how}: {what}: {why}\n");
        let tests = self.tests.iter().map(line("left out"));
        tests.chain(self.not_built.iter().map(line("not built"))).collect()
    }
}

/// How many tests passed and failed, and how many were there and did not run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    left_out: u64,
}

impl Tally {
    /// Counts what a line such as `test result: ok. 8 passed; 0 failed; …` says.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let words: Vec<&str> = counts.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            match (pair[0].parse::<u64>(), pair[1]) {
                (Ok(count), "passed") => self.passed += count,
                (Ok(count), "failed") => self.failed += count,
                (Ok(count), "filtered" | "ignored") => self.left_out += count,
                _ => {}
            }
        }
    }
}

/// Runs tests, shows what they print, and says how many there were and which were left out. No test at all is a
/// failure, and so are more or fewer left out than there are names for it.
pub(crate) fn tests(
    command: &mut Command,
    what: &str,
    left_out: LeftOut,
) -> Result<ExitCode, Error> {
    command.arg("--").args(left_out.tests.iter().flat_map(|(name, _)| ["--skip", name]));
    let start = |source| Error::Start { program: "cargo".to_owned(), source };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(start)?;
    let mut tally = Tally::default();
    let lines = child.stdout.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines());
    for line in lines.map_while(Result::ok) {
        println!("{line}");
        tally.add(&line);
    }
    let status = child.wait().map_err(start)?;
    println!(
        "{what}: {} passed, {} failed, {} left out",
        tally.passed, tally.failed, tally.left_out
    );
    print!("{}", left_out.lines());
    let named = tally.left_out == left_out.tests.len() as u64;
    if !named {
        println!("  {} are to be left out: a name fits no test, or several", left_out.tests.len());
    }
    let good = status.success() && tally.passed > 0 && tally.failed == 0 && named;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a program that is wrong; that it says `complaint` and fails is what is wanted.
pub(crate) fn must_fail(command: &mut Command, complaint: &'static str) -> Result<(), Error> {
    let start = |source| Error::Start { program: "cargo".to_owned(), source };
    let output = command.stdin(Stdio::null()).output().map_err(start)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains(complaint) {
        println!("a planted fault was found: {complaint}");
        return Ok(());
    }
    let output = format!("it should have failed with \"{complaint}\"\n{said}");
    Err(Error::Output { step: "find a planted fault", program: "the program", output })
}

/// Runs a program that is right and must pass.
pub(crate) fn must_pass(command: &mut Command) -> Result<(), Error> {
    finish(command, "cargo", "find nothing in a program that is right")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_is_counted() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 8 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
            "test a_test ... ok",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 11, failed: 2, left_out: 3 });
    }

    #[test]
    fn what_is_left_out_is_said_with_its_reason() {
        let left_out =
            LeftOut { tests: &[("a_test", "why")], not_built: &[("examples", "because")] };
        assert_eq!(left_out.lines(), "  left out: a_test: why\n  not built: examples: because\n");
    }
}
