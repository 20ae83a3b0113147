//! How a boot ended.

use std::path::PathBuf;
use std::time::Duration;
use tph_lab_wire::TestReport;

/// What is known after a boot.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The tests that the program reported.
    pub tests: Vec<TestReport>,
    /// Lines in which the guest's kernel complained.
    pub complaints: Vec<String>,
    /// What the guest's kernel printed; the file is kept.
    pub console: PathBuf,
    /// Its last lines.
    pub tail: String,
    /// How long the boot took, from QEMU's start to its end.
    pub took: Duration,
}

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The program ended with this code, and the guest powered off.
    Exit(u8),
    /// The guest's init could not start the program.
    Failed(String),
    /// The guest's kernel did not come up: QEMU ended, or the time for that was up. It may on the
    /// next try: on a busy machine a guest that is emulated in software loses interrupts.
    NotBooted,
    /// QEMU ended without a word about the program, as after a kernel panic.
    Died,
    /// The time was up.
    TimedOut,
    /// The person at the terminal interrupted it.
    Interrupted,
}

impl Outcome {
    /// The exit code for whoever started the lab: 130 after an interrupt; 125 if the lab failed or
    /// the guest's kernel complained, whatever the program made of it; 124 for a hang; else the
    /// program's own.
    pub fn exit_code(&self) -> u8 {
        match self.end {
            End::Interrupted => 130,
            _ if !self.complaints.is_empty() => 125,
            End::Exit(code) => code,
            End::TimedOut => 124,
            End::Failed(_) | End::NotBooted | End::Died => 125,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(end: End, complaints: &[&str]) -> u8 {
        let complaints = complaints.iter().copied().map(str::to_owned).collect();
        let (tests, console) = (vec![], PathBuf::new());
        let took = Duration::ZERO;
        Outcome { end, tests, complaints, console, tail: String::new(), took }.exit_code()
    }

    #[test]
    fn success_needs_a_silent_kernel() {
        assert_eq!(code(End::Exit(0), &[]), 0);
        assert_eq!(code(End::Exit(0), &["WARNING: …"]), 125);
        assert_eq!(code(End::Exit(3), &[]), 3);
        assert_eq!(code(End::TimedOut, &[]), 124);
        assert_eq!(code(End::Died, &[]), 125);
    }

    #[test]
    fn no_failure_hides_what_the_kernel_complained_of() {
        assert_eq!(code(End::Exit(3), &["WARNING: …"]), 125);
        assert_eq!(code(End::TimedOut, &["BUG: soft lockup …"]), 125);
        assert_eq!(code(End::Interrupted, &["WARNING: …"]), 130, "whoever interrupted knows");
    }
}
