//! The parts of the test run.

use crate::{SKIPPED, repo};
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitStatus, Stdio};

/// One part: a command, and what has to be on the machine for it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    program: Program,
    arguments: &'static [&'static str],
    needs: Option<&'static [&'static str]>,
    environment: Option<(&'static str, &'static str)>,
    /// Whether it runs when nobody names it and nobody asks for the full run.
    pub(super) usual: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Program {
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

const CARGO: Part = Part {
    name: "",
    what: "",
    program: Program::Cargo,
    arguments: &[],
    needs: None,
    environment: None,
    usual: true,
};
/// The lab's parts; `apt-get` is what the lab cannot do without.
const XTASK: Part =
    Part { program: Program::Xtask, needs: Some(&["apt-get", "--version"]), ..CARGO };

/// All parts, the quick ones first.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: "format",
        what: "every file is formatted",
        arguments: &["fmt", "--all", "--check"],
        needs: Some(&["cargo", "fmt", "--version"]),
        ..CARGO
    },
    Part {
        name: "clippy",
        what: "no lint complains",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        needs: Some(&["cargo", "clippy", "--version"]),
        ..CARGO
    },
    Part {
        name: "doc",
        what: "the documentation builds without warnings",
        // Of the libraries only: the program `tph` and the library `tph` would write the same files.
        arguments: &["doc", "--workspace", "--no-deps", "--lib"],
        environment: Some(("RUSTDOCFLAGS", "-D warnings")),
        ..CARGO
    },
    Part {
        name: "api",
        what: "the public interface of the libraries is the one that is recorded",
        program: Program::Xtask,
        arguments: &["api"],
        ..CARGO
    },
    Part {
        name: "unit",
        what: "the tests that need no guest",
        arguments: &["test", "--workspace"],
        ..CARGO
    },
    Part {
        name: "c-library",
        what: "C and C++ programs with the installed library, valgrind, the address sanitizer",
        arguments: &["c-library"],
        ..XTASK
    },
    Part {
        name: "module",
        what: "the module builds for Debian's newest kernel, and its C code is checked",
        arguments: &["lab", "module", "--check"],
        ..XTASK
    },
    Part {
        name: "module-stable",
        what: "the same for Debian's stable kernel",
        arguments: &["lab", "module", "--check", "--kernel", "stable"],
        ..XTASK
    },
    Part {
        name: "lab",
        what: "the tests in a guest with Debian's newest kernel",
        arguments: &["lab", "test"],
        ..XTASK
    },
    Part {
        name: "lab-stable",
        what: "the tests in a guest with Debian's stable kernel",
        arguments: &["lab", "test", "--kernel", "stable"],
        ..XTASK
    },
    Part {
        name: "peers",
        what: "lspci and hwloc read what this project reads",
        arguments: &["peers"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "supply-chain",
        what: "licences, sources and duplicates of the dependencies; known faults where a network is",
        program: Program::Xtask,
        arguments: &["deny"],
        usual: false,
        ..CARGO
    },
    Part {
        name: "sanitize",
        what: "the libraries' tests with the address sanitizer",
        program: Program::Xtask,
        arguments: &["sanitize", "address"],
        usual: false,
        ..CARGO
    },
    Part {
        name: "sanitize-threads",
        what: "the tests of what threads share with the thread sanitizer",
        arguments: &["sanitize", "thread"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "big-endian",
        what: "the tests of what byte order could break on an emulated s390x",
        arguments: &["big-endian"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-reload",
        what: "the module comes and goes 1,000 times",
        arguments: &["lab", "test", "--rounds", "1000", "--timeout", "1800", "without_a_trace"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-killed",
        what: "the command is killed at every step",
        arguments: &["lab", "test", "--rounds", "1", "--timeout", "3600", "killed::"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "package",
        what: "the Debian packages: the same bytes twice, a clean system, a guest with systemd",
        arguments: &["package", "--check"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-debug",
        what: "the tests in a guest with a kernel that knows TPH and reports bugs",
        arguments: &["lab", "test", "--kernel", "debug"],
        usual: false,
        ..XTASK
    },
];

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
