//! Whom a caller may steer to: online CPUs that its process may run on, or any with `CAP_SYS_NICE`.
//!
//! Who asks is a child that has the device from its test: the rights of the caller count, not those
//! of who opened the device.

use std::fs;
use std::io::stdin;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::id;
use std::sync::mpsc;
use std::thread;

use rustix::thread::{CapabilitySet, CpuSet, capabilities, sched_setaffinity, set_capabilities};
use tph_lab_guest::{Child, Control, Endpoint, Failure, Suite};
use vfio_tph::{
    CpuId, CpuStanding, Errno, Error, MemoryType, StIndex, StMode, TagSource, TphDevice,
};
use vfio_tph::{Programmed, Transport, VfioFunction};

use crate::check::same;

type Outcome = Result<(), Failure>;

const CPUS: usize = 4;
const CPUSET: &str = "/sys/fs/cgroup/tph-lab";
const CPU_3: &str = "/sys/devices/system/cpu/cpu3/online";

/// A caller and the CPUs that it may steer to.
struct Case {
    name: &'static str,
    /// The CPUs of each of its threads.
    threads: &'static str,
    nice: &'static str,
    cgroup: &'static str,
    allowed: [bool; CPUS],
}

const ANYWHERE: &str = "0123";
const NOWHERE_ELSE: &str = "";

const CASES: [Case; 8] = [
    Case {
        name: "a_process_that_may_run_anywhere_steers_anywhere_without_a_privilege",
        threads: ANYWHERE,
        nice: "unprivileged",
        cgroup: NOWHERE_ELSE,
        allowed: [true; CPUS],
    },
    Case {
        name: "a_pinned_process_steers_only_to_its_cpu",
        threads: "1",
        nice: "unprivileged",
        cgroup: NOWHERE_ELSE,
        allowed: [false, true, false, false],
    },
    Case {
        name: "a_process_steers_to_the_cpu_of_each_of_its_threads",
        threads: "1,3",
        nice: "unprivileged",
        cgroup: NOWHERE_ELSE,
        allowed: [false, true, false, true],
    },
    Case {
        name: "one_pinned_thread_does_not_bind_a_process_whose_others_are_free",
        threads: "1,0123",
        nice: "unprivileged",
        cgroup: NOWHERE_ELSE,
        allowed: [true; CPUS],
    },
    Case {
        name: "a_pinned_process_with_cap_sys_nice_steers_anywhere",
        threads: "1",
        nice: "privileged",
        cgroup: NOWHERE_ELSE,
        allowed: [true; CPUS],
    },
    Case {
        name: "a_cpuset_binds_a_process",
        threads: ANYWHERE,
        nice: "unprivileged",
        cgroup: CPUSET,
        allowed: [false, false, true, true],
    },
    Case {
        name: "a_process_in_a_cpuset_that_is_pinned_too_steers_only_to_its_cpu",
        threads: "2",
        nice: "unprivileged",
        cgroup: CPUSET,
        allowed: [false, false, true, false],
    },
    Case {
        name: "a_process_in_a_cpuset_with_cap_sys_nice_steers_anywhere",
        threads: ANYWHERE,
        nice: "privileged",
        cgroup: CPUSET,
        allowed: [true; CPUS],
    },
];

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    for case in &CASES {
        suite.test(&format!("permission::{}", case.name), || caller(&nic, case));
    }
    suite.test("permission::an_offline_cpu_is_refused_and_taken_again_when_it_is_back", || {
        offline(&nic)
    });
    suite.test("permission::a_cpu_that_went_offline_later_is_reported", || went_offline(&nic));
    suite.test("permission::a_refused_batch_changes_no_entry", || refused(&nic, control));
}

fn caller(nic: &Endpoint, case: &Case) -> Outcome {
    if !case.cgroup.is_empty() {
        make_cpuset()?;
    }
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let _on = tph.enable(StMode::DeviceSpecific)?;
    let device = function.as_fd().try_clone_to_owned()?;
    let mut child = Child::start(&["steer", case.threads, case.nice, case.cgroup], device)?;
    let answers = child.line()?;
    let expected = case.allowed.map(|allowed| if allowed { "ok" } else { "EINVAL" }).join(" ");
    if answers == expected { Ok(()) } else { Err(format!("{answers}, not {expected}").into()) }
}

/// CPUs 2 and 3, for who joins.
fn make_cpuset() -> Outcome {
    let root = Path::new("/sys/fs/cgroup");
    fs::write(root.join("cgroup.subtree_control"), "+cpuset")?;
    fs::create_dir_all(CPUSET)?;
    Ok(fs::write(Path::new(CPUSET).join("cpuset.cpus"), "2-3")?)
}

/// The child: becomes the caller that `words` describe and says how steering to each CPU went. The
/// device is its standard input.
pub(crate) fn steer(words: &[&str]) -> Outcome {
    let [threads, nice, cgroup] = words else { return Err(format!("{words:?}").into()) };
    if !cgroup.is_empty() {
        fs::write(Path::new(cgroup).join("cgroup.procs"), id().to_string())?;
    }
    let mut threads = threads.split(',');
    pin(threads.next().unwrap_or_default())?;
    for cpus in threads.map(str::to_owned) {
        let (pinned, wait) = mpsc::channel();
        thread::spawn(move || {
            pinned.send(pin(&cpus).map_err(|error| error.to_string())).expect("it is waited for");
            // It lives as long as the process.
            loop {
                thread::park();
            }
        });
        wait.recv()??;
    }
    if *nice == "unprivileged" {
        drop_nice()?;
    }
    println!("{}", answers(&mut TphDevice::adopt(stdin().as_fd(), "device")).join(" "));
    Ok(())
}

/// Pins this thread to the CPUs whose digits are given.
fn pin(cpus: &str) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    for digit in cpus.chars() {
        set.set(digit.to_digit(10).ok_or("a digit")? as usize);
    }
    Ok(sched_setaffinity(None, &set)?)
}

/// Everything that root may, but for `CAP_SYS_NICE`.
fn drop_nice() -> Result<(), Failure> {
    let mut sets = capabilities(None)?;
    sets.effective -= CapabilitySet::SYS_NICE;
    sets.permitted -= CapabilitySet::SYS_NICE;
    set_capabilities(None, sets)?;
    Ok(())
}

/// How steering entry 0 to each CPU goes.
fn answers<T: Transport>(tph: &mut TphDevice<T>) -> Vec<String> {
    (0..CPUS).map(|cpu| said(&tph.program(&[(StIndex(0), cpu_source(cpu))]))).collect()
}

fn said(outcome: &Result<(), Error>) -> String {
    match outcome.as_ref().map_err(Error::errno) {
        Ok(()) => "ok".into(),
        Err(Some(errno)) => errno.to_string(),
        Err(None) => "no errno".into(),
    }
}

fn cpu_source(cpu: usize) -> TagSource {
    let cpu = CpuId(u32::try_from(cpu).unwrap_or(u32::MAX));
    TagSource::Cpu { cpu, memory: MemoryType::Volatile }
}

fn offline(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let mut program = |cpu| tph.program(&[(StIndex(0), cpu_source(cpu))]);
    program(3)?;
    fs::write(CPU_3, "0")?;
    let (off, other) = (program(3), program(2));
    fs::write(CPU_3, "1")?;
    let back = program(3);
    match (off.map_err(|error| error.errno()), other, back) {
        (Err(Some(Errno::EINVAL)), Ok(()), Ok(())) => Ok(()),
        other => Err(format!("offline, another, back: {other:?}").into()),
    }
}

/// An entry outlives its CPU, and the user can find out.
fn went_offline(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&[(StIndex(0), cpu_source(3)), (StIndex(1), cpu_source(2))])?;
    let mut look = || tph.entries(&[StIndex(0), StIndex(1), StIndex(2)]);
    let before = look()?;
    fs::write(CPU_3, "0")?;
    let without = look();
    fs::write(CPU_3, "1")?;
    let (without, back) = (without?, look()?);
    let of = |cpu, standing| {
        let (cpu, memory) = (CpuId(cpu), MemoryType::Volatile);
        Some(Programmed { cpu, memory, standing })
    };
    let other = of(2, CpuStanding::Reachable);
    let online = vec![of(3, CpuStanding::Reachable), other, None];
    same("before", before, online.clone())?;
    same("while it is offline", without, vec![of(3, CpuStanding::Offline), other, None])?;
    same("when it is back", back, online)
}

/// The last entry names a CPU that nobody may steer to.
fn refused(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    tph.program(&[(StIndex(0), cpu_source(0))])?;
    let before = control.accesses(&nic.name)?;
    fs::write(CPU_3, "0")?;
    let outcome = tph.program(&[(StIndex(0), cpu_source(1)), (StIndex(1), cpu_source(3))]);
    fs::write(CPU_3, "1")?;
    let after = control.accesses(&nic.name)?;
    let writes = after.config_writes - before.config_writes;
    match (outcome, writes) {
        (Err(error), 0) if error.errno() == Some(Errno::EINVAL) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
