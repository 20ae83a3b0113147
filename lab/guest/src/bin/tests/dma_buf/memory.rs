//! Buffers in great numbers, and what they leave behind.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tph_abi::{DmaBufSet, FeatureNumber};
use tph_lab_guest::raw::Ioctl;
use tph_lab_guest::{Endpoint, Failure, send};
use vfio_tph::{DmaBuf, Host, VfioFunction};

use super::exporter::export;
use super::{Outcome, TAGGED};
use crate::check::same;

pub(super) const TESTS: &[(&str, super::Test)] = &[
    ("two_hundred_thousand_buffers_leave_no_memory_behind", in_a_row),
    ("buffers_that_live_at_once_leave_no_memory_behind", at_once),
];

const IN_A_ROW: usize = 200_000;
/// On a kernel that looks for leaks itself and takes its time for it; the figures of memory find only
/// large ones then.
const IN_A_ROW_WATCHED: usize = 5_000;
const AT_ONCE: usize = 5_000;
/// What the system around may take meanwhile.
const NOISE_KIB: u64 = 4096;
/// A leak that is found: no object that is kept for a buffer is smaller.
const LEAK: usize = 64;
/// How often as many buffers live at once, so that such a leak is more than the noise. Once is
/// enough for a kernel that looks for leaks itself.
const TIMES_AT_ONCE: usize = 15;
const _: () = assert!((TIMES_AT_ONCE * AT_ONCE * LEAK) as u64 > NOISE_KIB * 1024);
const _: () = assert!((IN_A_ROW * LEAK) as u64 > NOISE_KIB * 1024);

/// KiB of memory that the kernel took for itself, in objects and in pages.
pub(crate) fn kernel_memory() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let values: BTreeMap<_, _> = lines.collect();
    let value = |name: &str| -> Result<u64, Failure> {
        let text = values.get(name).ok_or("a line of /proc/meminfo is missing")?;
        Ok(text.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(value("SUnreclaim")? + value("KernelStack")? + value("PageTables")? + value("Percpu")?)
}

/// Compares before and after `act`; before both comes `warm_up`, which fills caches.
fn leaves_nothing(act: impl Fn() -> Outcome, warm_up: impl Fn() -> Outcome) -> Outcome {
    let settled = || {
        // fsnotify and the file system free from workers.
        thread::sleep(Duration::from_millis(500));
        kernel_memory()
    };
    warm_up()?;
    let before = settled()?;
    act()?;
    let after = settled()?;
    match after.saturating_sub(before) {
        more if more < NOISE_KIB + kept_for_checks() => Ok(()),
        more => Err(format!("{more} KiB more than before").into()),
    }
}

/// The device, with which buffers with tags are made and nothing else is done on the way.
struct Maker {
    function: VfioFunction,
    number: FeatureNumber,
}

impl Maker {
    fn open(accelerator: &Endpoint) -> Result<Self, Failure> {
        let number = Host::default().dma_buf_feature().ok_or("no number")?;
        Ok(Self { function: VfioFunction::open(accelerator.address)?, number })
    }

    fn make(&self) -> Result<DmaBuf, Failure> {
        let buffer = export(&self.function)?;
        let set = DmaBufSet { descriptor: buffer.as_fd().as_raw_fd(), hint: TAGGED };
        send(&self.function, Ioctl::Feature, set.request(self.number).bytes())?;
        Ok(buffer)
    }
}

/// What a kernel that looks for faults itself keeps of what was freed, in KiB: KASAN up to a 32nd of
/// the guest's memory, to see who uses it all the same.
pub(crate) fn kept_for_checks() -> u64 {
    if is_watched() { 32 << 10 } else { 0 }
}

/// Whether the kernel looks for leaks itself.
fn is_watched() -> bool {
    Path::new("/sys/kernel/debug/kmemleak").exists()
}

fn in_a_row(accelerator: &Endpoint) -> Outcome {
    let count = if is_watched() { IN_A_ROW_WATCHED } else { IN_A_ROW };
    let maker = Maker::open(accelerator)?;
    let rounds = |count: usize| (0..count).try_for_each(|_| maker.make().map(drop));
    leaves_nothing(|| rounds(count), || rounds(count / 100))
}

fn at_once(accelerator: &Endpoint) -> Outcome {
    let limit = getrlimit(Resource::Nofile);
    let enough = Some(2 * AT_ONCE as u64);
    setrlimit(Resource::Nofile, Rlimit { current: enough, maximum: enough })?;
    let maker = Maker::open(accelerator)?;
    let all = || -> Outcome {
        let buffers: Result<Vec<_>, _> = (0..AT_ONCE).map(|_| maker.make()).collect();
        same("buffers", buffers?.len(), AT_ONCE)
    };
    let times = if is_watched() { 1 } else { TIMES_AT_ONCE };
    let outcome = leaves_nothing(|| (0..times).try_for_each(|_| all()), all);
    setrlimit(Resource::Nofile, limit)?;
    outcome
}
