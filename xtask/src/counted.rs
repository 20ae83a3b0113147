//! Test runs of cargo whose tests are counted, and programs that must be found wrong.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::process::finish;
use tph_lab::Error;

/// The package with the programs that are wrong.
pub(crate) const CONTROLS: &str = "tph-controls";

/// How many tests passed and failed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
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
                _ => {}
            }
        }
    }
}

/// Runs tests, shows what they print, and says how many there were. No test at all is a failure.
pub(crate) fn tests(command: &mut Command, what: &str) -> Result<ExitCode, Error> {
    let start = |source| Error::Start { program: "cargo".to_owned(), source };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(start)?;
    let mut tally = Tally::default();
    let lines = child.stdout.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines());
    for line in lines.map_while(Result::ok) {
        println!("{line}");
        tally.add(&line);
    }
    let status = child.wait().map_err(start)?;
    println!("{what}: {} passed, {} failed", tally.passed, tally.failed);
    let good = status.success() && tally.passed > 0 && tally.failed == 0;
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
            "test result: ok. 8 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out",
            "test a_test ... ok",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 11, failed: 2 });
    }
}
