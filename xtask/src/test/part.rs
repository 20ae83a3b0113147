//! One part of the test run.

use crate::{SKIPPED, repo};
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitStatus, Stdio};

/// One part: a command, and what has to be on the machine for it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) program: Program,
    pub(super) arguments: &'static [&'static str],
    pub(super) needs: Option<&'static [&'static str]>,
    pub(super) environment: Option<(&'static str, &'static str)>,
    /// Whether it runs when nobody names it and nobody asks for the full run.
    pub(super) usual: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Program {
    Cargo,
    Xtask,
}

/// How a part went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Skipped(String),
}

impl Part {
    /// Runs the part with its output passed through.
    pub(super) fn run(&self) -> Verdict {
        if let Some(missing) = self.needs.and_then(missing) {
            return Verdict::Skipped(format!("`{missing}` does not work on this machine"));
        }
        let mut command = match self.program {
            Program::Cargo => Command::new(cargo()),
            Program::Xtask => Command::new(env::current_exe().unwrap_or_else(|_| "xtask".into())),
        };
        command.args(self.arguments).envs(self.environment).current_dir(repo::root());
        command.status().map_or_else(
            |error| {
                eprintln!("error: cannot start {}: {error}", command.get_program().display());
                Verdict::Failed
            },
            Verdict::from,
        )
    }
}

impl From<ExitStatus> for Verdict {
    fn from(status: ExitStatus) -> Self {
        match status.code() {
            Some(0) => Self::Passed,
            Some(code) if code == i32::from(SKIPPED) => {
                Self::Skipped("it says why above".to_owned())
            }
            _ => Self::Failed,
        }
    }
}

/// The command as text, if it fails.
fn missing(command: &'static [&'static str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let program = if *program == "cargo" { cargo() } else { OsString::from(program) };
    let works = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    (!works).then(|| command.join(" "))
}

/// The cargo that runs this program.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::parts::XTASK;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn a_part_whose_tool_is_missing_is_skipped_and_names_it() {
        let part = Part { needs: Some(&["no-such-tool", "--version"]), ..XTASK };
        let Verdict::Skipped(why) = part.run() else { panic!("it ran") };
        assert_eq!(why, "`no-such-tool --version` does not work on this machine");
    }

    #[test]
    fn a_part_fails_when_its_command_does() {
        for (status, verdict) in
            [(0, Verdict::Passed), (1 << 8, Verdict::Failed), (9, Verdict::Failed)]
        {
            assert_eq!(Verdict::from(ExitStatus::from_raw(status)), verdict);
        }
    }
}
