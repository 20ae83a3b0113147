//! Programs: ours, the peers', and those that count.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tph_lab::prepare::prepare_benchmarks;
use tph_lab::{Cache, Error, Progress, Sysroot};

/// Where programs are.
#[derive(Debug)]
pub(crate) struct Tools {
    sysroot: Sysroot,
    tph: PathBuf,
    /// Where to draw the plot.
    pub(crate) plot: Option<PathBuf>,
}

impl Tools {
    /// Fetches what is not there yet.
    pub(crate) fn prepare(tph: &Path, plot: Option<&Path>) -> Result<Self, Error> {
        let sysroot = prepare_benchmarks(&Cache::from_environment()?, Progress::detect())?;
        Ok(Self { sysroot, tph: tph.to_owned(), plot: plot.map(Path::to_owned) })
    }

    /// Our command.
    pub(crate) fn tph<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(&self.tph);
        command.args(arguments);
        command
    }

    /// The file of our command.
    pub(crate) fn tph_file(&self) -> &Path {
        &self.tph
    }

    /// A program of a Debian package; see `benchmark_tools` in `lab/host`.
    pub(crate) fn debian(&self, program: &str) -> Command {
        let mut command = self.sysroot.native(program);
        command.env("LC_ALL", "C");
        command
    }

    /// Debian's valgrind; without being told it would start the machine's own tools.
    pub(crate) fn valgrind(&self) -> Command {
        let mut command = self.debian("usr/bin/valgrind.bin");
        command.env("VALGRIND_LIB", self.sysroot.root().join("usr/libexec/valgrind"));
        command
    }

    /// How many instructions a program executes, by callgrind.
    ///
    /// # Panics
    /// If it fails.
    pub(crate) fn instructions(&self, command: &Command) -> u64 {
        let mut valgrind = self.valgrind();
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        let said = run(&mut valgrind, command);
        let count = said.lines().find_map(|line| line.split_once("Collected : "));
        count.and_then(|(_, count)| count.trim().parse().ok()).expect("valgrind counts")
    }

    /// How many system calls a program makes, of those that strace calls `which` (`all` for all).
    ///
    /// # Panics
    /// If it fails.
    pub(crate) fn system_calls(&self, which: &str, command: &Command) -> u64 {
        let mut strace = self.debian("usr/bin/strace");
        strace.args(["-f", "-c", "-U", "calls,name", "-e"]).arg(format!("trace={which}"));
        let said = run(&mut strace, command);
        let total = said.lines().rfind(|line| line.trim_end().ends_with(" total"));
        let count = total.and_then(|line| line.split_whitespace().next()?.parse().ok());
        count.expect("strace counts")
    }
}

/// Runs a command under another one and returns what that says on standard error.
fn run(under: &mut Command, command: &Command) -> String {
    under.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => under.env(name, value),
            None => under.env_remove(name),
        };
    }
    let output = under.stdout(Stdio::null()).output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{under:?} failed: {said}");
    said
}
