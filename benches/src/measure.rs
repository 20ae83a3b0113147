//! Time: of the CPU, so that other work on the machine does not count, and in turns with a peer.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Two things that were measured in turns, a pair in each round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paired {
    /// The least of ours: noise only adds.
    pub(crate) ours: Duration,
    /// The least of the peer's.
    pub(crate) peer: Duration,
    /// The median over the rounds of the peer's time by ours.
    pub(crate) times_faster: f64,
    /// The quartiles of the same.
    pub(crate) spread: (f64, f64),
}

impl Paired {
    /// Runs both in turns.
    pub(crate) fn rounds(
        count: usize,
        mut ours: impl FnMut() -> Duration,
        mut peer: impl FnMut() -> Duration,
    ) -> Self {
        let rounds: Vec<_> = (0..count).map(|_| (ours(), peer())).collect();
        let mut ratios: Vec<_> = rounds
            .iter()
            .map(|(ours, peer)| peer.as_secs_f64() / ours.as_secs_f64().max(1e-9))
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        Self {
            ours: rounds.iter().map(|round| round.0).min().unwrap_or_default(),
            peer: rounds.iter().map(|round| round.1).min().unwrap_or_default(),
            times_faster: ratios[count / 2],
            spread: (ratios[count / 4], ratios[count * 3 / 4]),
        }
    }

    /// How many times as long as the peer's ours took.
    pub(crate) fn times_slower(&self) -> f64 {
        1.0 / self.times_faster
    }
}

/// The CPU time that this thread spends on `work`.
pub(crate) fn cpu_time<T>(work: impl FnOnce() -> T) -> Duration {
    let now = || {
        let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(tv_sec.unsigned_abs(), u32::try_from(tv_nsec).unwrap_or(0))
    };
    let before = now();
    std::hint::black_box(work());
    now().saturating_sub(before)
}

/// The least CPU time of several runs.
pub(crate) fn least<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    (0..runs).map(|_| cpu_time(&mut work)).min().unwrap_or_default()
}

/// The CPU time of a program with one thread, from its start to its end; what it prints is dropped.
///
/// # Panics
/// If it cannot be run, or fails.
pub(crate) fn program_time(command: &mut Command) -> Duration {
    command.stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    ended(child.expect("the program starts"))
}

fn ended(mut child: Child) -> Duration {
    let pid = Pid::from_child(&child);
    // As long as nobody has taken its exit code, the kernel still shows what it spent.
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).expect("it ends");
    let spent = fs::read_to_string(format!("/proc/{}/schedstat", child.id()));
    assert!(child.wait().is_ok_and(|status| status.success()), "the program failed");
    let spent = spent.expect("the kernel counts time (CONFIG_SCHED_INFO)");
    let nanoseconds = spent.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}
