//! What this process may: where it may run, and whether it may place threads elsewhere.

use std::fs;
use std::io;

use rustix::thread::{
    CapabilitySet, CpuSet, Pid, capabilities, sched_setaffinity, set_capabilities,
};
use tph_differential::Rights;

/// Gives this process, with all of its threads, these rights. What it gives up it can take again.
///
/// # Errors
/// What the kernel answered.
pub(crate) fn take(rights: Rights) -> io::Result<()> {
    pin(rights)?;
    let mut sets = capabilities(None)?;
    sets.effective.set(CapabilitySet::SYS_NICE, rights.sys_nice);
    Ok(set_capabilities(None, sets)?)
}

/// Pins every thread: the kernel asks whether any of them may run on a CPU.
fn pin(rights: Rights) -> io::Result<()> {
    let mut set = CpuSet::new();
    let all = || (0..64).collect();
    for cpu in rights.cpu_numbers().unwrap_or_else(all) {
        set.set(cpu as usize);
    }
    for thread in fs::read_dir("/proc/self/task")? {
        let number = thread?.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(thread) = number.and_then(Pid::from_raw) {
            sched_setaffinity(Some(thread), &set)?;
        }
    }
    Ok(())
}
