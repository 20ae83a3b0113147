//! Other processes for tests: this program again, in a role that the test gives it.
//!
//! The child talks to its test in lines on its standard output; whatever file it is to inherit is
//! its standard input.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{self, ChildStdout, Command, ExitStatus, Stdio};

use crate::Failure;

/// The first argument of a child.
const MARK: &str = "--child";

/// A running child. It is killed when this is dropped.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this program in the role that `words` name, with `input` as its standard input.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(words: &[&str], input: impl Into<Stdio>) -> io::Result<Self> {
        let mut process = Command::new("/proc/self/exe")
            .arg(MARK)
            .args(words)
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        Ok(Self { process, output: BufReader::new(output) })
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// If it has ended without another word.
    pub fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the child ended: {}", self.process.wait()?).into());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn kill(mut self) -> io::Result<ExitStatus> {
        self.process.kill()?;
        self.process.wait()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only if it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The words of this process's role, if it is a child.
pub fn role() -> Option<Vec<String>> {
    let mut words = env::args().skip(1);
    (words.next().as_deref() == Some(MARK)).then(|| words.collect())
}
