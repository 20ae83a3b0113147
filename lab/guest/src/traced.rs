//! Running a program call by call, to kill it before any of them.
//!
//! What is called a step is a system call that could change something: to a device, a file or a folder.
//! A process that is killed when it enters a call does not carry it out, so killing it before each step
//! leaves every state that it can leave.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::tph::TPH;
use crate::{Child, Failure};

/// How long a program may take under the tracer.
const LIMIT: Duration = Duration::from_secs(90);
const OUT: u64 = 1;

/// When it is killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Once it has written to its standard output so often,
    pub lines: usize,
    /// before this step, counted from 0.
    pub steps: usize,
}

/// How it came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It was killed before this call.
    Killed(String),
    /// It was done before; the code that it exited with.
    Done(i32),
}

/// In the child, becomes `tph` with these words, traced by the parent.
///
/// # Errors
/// Always: it comes back only if that cannot be.
pub fn become_traced(words: &[&str]) -> Result<(), Failure> {
    ptrace::traceme()?;
    Err(Command::new(TPH).args(words).exec().into())
}

/// Runs `tph` with these words and kills it at that moment. Each time that it has written to its standard output, `said` is told its process and how often it has.
///
/// # Errors
/// What `said` says; also if it does not end.
pub fn run(
    words: &[&str],
    moment: Moment,
    mut said: impl FnMut(u32, usize) -> Result<(), Failure>,
) -> Result<End, Failure> {
    let child = Child::start(&[&["traced"], words].concat(), Stdio::null())?;
    let process = Pid::from_raw(child.id().cast_signed());
    let (done, is_done) = channel();
    thread::spawn(move || {
        if is_done.recv_timeout(LIMIT).is_err() {
            let _ = kill(process, Signal::SIGKILL);
        }
    });
    let mut tracer = Tracer { process, moment, lines: 0, killed: None };
    let outcome = tracer.follow(&mut said);
    let _ = done.send(());
    outcome
}

struct Tracer {
    process: Pid,
    moment: Moment,
    lines: usize,
    killed: Option<String>,
}

impl Tracer {
    fn follow(
        &mut self,
        said: &mut impl FnMut(u32, usize) -> Result<(), Failure>,
    ) -> Result<End, Failure> {
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_EXITKILL;
        let mut began = false;
        loop {
            let (thread, signal) = match waitpid(None, Some(WaitPidFlag::__WALL))? {
                WaitStatus::Exited(thread, code) if thread == self.process => {
                    return if began {
                        Ok(End::Done(code))
                    } else {
                        Err("it did not begin".into())
                    };
                }
                WaitStatus::Signaled(thread, signal, _) if thread == self.process => {
                    let end = self.killed.take().map(End::Killed);
                    return end.ok_or_else(|| format!("it ended by {signal}").into());
                }
                WaitStatus::Stopped(thread, Signal::SIGTRAP) if !began => {
                    began = true;
                    ptrace::setoptions(thread, options)?;
                    (thread, None)
                }
                WaitStatus::PtraceSyscall(thread) => {
                    self.call(thread, said)?;
                    (thread, None)
                }
                // A new thread: whoever makes it tells, and it begins with this signal.
                WaitStatus::PtraceEvent(thread, ..)
                | WaitStatus::Stopped(thread, Signal::SIGSTOP) => (thread, None),
                WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
                _ => continue,
            };
            // One that was killed meanwhile does not go on.
            let _ = ptrace::syscall(thread, signal);
        }
    }

    /// Looks at a call that is entered or left.
    fn call(
        &mut self,
        thread: Pid,
        said: &mut impl FnMut(u32, usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.killed.is_some() {
            return Ok(());
        }
        let entered = ptrace::syscall_info(thread)?.op == libc::PTRACE_SYSCALL_INFO_ENTRY;
        let registers = ptrace::getregs(thread)?;
        let number = registers.orig_rax.cast_signed();
        let Some(name) = step(number, &registers) else { return Ok(()) };
        if !entered {
            if number == libc::SYS_write && registers.rdi == OUT {
                self.lines += 1;
                said(self.process.as_raw().cast_unsigned(), self.lines)?;
            }
        } else if self.lines < self.moment.lines {
            return Ok(());
        } else if let Some(left) = self.moment.steps.checked_sub(1) {
            self.moment.steps = left;
        } else {
            self.killed = Some(format!("{name}({:#x}, {:#x})", registers.rdi, registers.rsi));
            kill(self.process, Signal::SIGKILL)?;
        }
        Ok(())
    }
}

/// What a call that could change something is called.
fn step(number: i64, registers: &libc::user_regs_struct) -> Option<&'static str> {
    const WITHOUT_NAME: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;
    const MAKES: u64 = (libc::O_CREAT | libc::O_TRUNC | WITHOUT_NAME) as u64;
    Some(match number {
        libc::SYS_ioctl => "ioctl",
        libc::SYS_write => "write",
        libc::SYS_pwrite64 => "pwrite64",
        libc::SYS_openat if registers.rdx & MAKES != 0 => "openat",
        libc::SYS_mkdir | libc::SYS_mkdirat => "mkdir",
        libc::SYS_rename | libc::SYS_renameat | libc::SYS_renameat2 => "rename",
        libc::SYS_link | libc::SYS_linkat => "link",
        libc::SYS_unlink | libc::SYS_unlinkat => "unlink",
        libc::SYS_fsync => "fsync",
        _ => return None,
    })
}
