//! Faults that the kernel injects into one thread: the nth allocation or copy that could fail does
//! (the kernel's Documentation/fault-injection/fault-injection.rst).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The number of the calling thread's next fault.
const NTH: &str = "/proc/thread-self/fail-nth";
/// What can fail, and where it is told how.
const FOLDER: &str = "/sys/kernel/debug";
const WAYS: [&str; 3] = ["failslab", "fail_page_alloc", COPIES];
const COPIES: &str = "fail_usercopy";
/// Where x86-64 loads modules: it begins at a multiple of this, and ends so.
const AREA_OF_MODULES: u64 = 0x1000_0000;
const END_OF_MODULES: u64 = 0xffff_ffff_ff00_0000;
/// Below this function lies ACPI's interpreter, which allocates a thousand times for a question.
const INTERPRETER: &str = "acpi_evaluate_object";

/// Which faults count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Allocations and copies, wherever they are made.
    All,
    /// Allocations, but not those of ACPI's interpreter.
    Allocations,
    /// Copies from and to a user's memory.
    Copies,
}

/// The faults of the thread that made this.
#[derive(Debug)]
pub struct Faults {
    nth: File,
    /// Only what is called from a module counts: the lowest address of a module's code.
    modules: u64,
    /// Where ACPI's interpreter begins and ends.
    interpreter: [u64; 2],
}

impl Faults {
    /// Prepares the calling thread's faults; `None` if this kernel has none, or lacks a way to fail, or
    /// cannot be told that only those below a module count.
    ///
    /// # Errors
    /// If the kernel has them and cannot be told how.
    pub fn of_this_thread() -> io::Result<Option<Self>> {
        let all = Path::new(NTH).exists() && ways().all(|way| way.join("require-start").exists());
        if !all {
            return Ok(None);
        }
        for way in ways() {
            // Without a report of each: it looks like that of a bug.
            fs::write(way.join("verbose"), "0")?;
            for (file, value) in
                [("ignore-gfp-wait", "N"), ("ignore-gfp-highmem", "N"), ("min-order", "0")]
            {
                if way.join(file).exists() {
                    fs::write(way.join(file), value)?;
                }
            }
        }
        let nth = OpenOptions::new().read(true).write(true).open(NTH)?;
        let faults = Self { nth, modules: modules()?, interpreter: range_of(INTERPRETER)? };
        faults.aim(Aim::All)?;
        Ok(Some(faults))
    }

    /// Chooses what counts from now on.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn aim(&self, at: Aim) -> io::Result<()> {
        for way in ways() {
            let copies = way.ends_with(COPIES);
            let counts = match at {
                Aim::All => true,
                Aim::Allocations => !copies,
                Aim::Copies => copies,
            };
            // No function lies at the end.
            let start = if counts { self.modules } else { END_OF_MODULES };
            let [reject, until] = if at == Aim::All { [0, 0] } else { self.interpreter };
            reject_range(&way, reject, until)?;
            for (file, address) in [("require-start", start), ("require-end", END_OF_MODULES)] {
                fs::write(way.join(file), format!("{address:#x}"))?;
            }
        }
        Ok(())
    }

    /// The same, but for what is called from a function of the kernel.
    ///
    /// # Errors
    /// What the kernel answered, also if it has no such function.
    pub fn aim_past(&self, at: Aim, function: &str) -> io::Result<()> {
        self.aim(at)?;
        let [start, end] = range_of(function)?;
        ways().try_for_each(|way| reject_range(&way, start, end))
    }

    /// Does `act` with its `nth` fault; what it returned, and whether there were as many.
    ///
    /// # Panics
    /// If the kernel does not take the number.
    pub fn around<T>(&self, nth: u32, act: impl FnOnce() -> T) -> (T, bool) {
        let text = nth.to_string();
        let mut left = [0; 16];
        self.nth.write_all_at(text.as_bytes(), 0).expect("the kernel takes a number");
        let outcome = act();
        let read = self.nth.read_at(&mut left, 0);
        // This may be what fails: then the number is 0 all the same.
        let _ = self.nth.write_all_at(b"0", 0);
        // One that was left for the reading itself to fail was not reached.
        let injected = read.is_ok() && left.starts_with(b"0");
        (outcome, injected)
    }
}

/// The folders of what can fail.
fn ways() -> impl Iterator<Item = PathBuf> {
    WAYS.into_iter().map(|way| Path::new(FOLDER).join(way))
}

/// Where the area of modules begins, which is below the lowest that is loaded.
fn modules() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/modules")?;
    let addresses = text.lines().filter_map(|line| address(line.split_whitespace().nth(5)?));
    let lowest = addresses.min().ok_or_else(|| io::Error::other("no module is loaded"))?;
    Ok(lowest - lowest % AREA_OF_MODULES)
}

fn reject_range(way: &Path, start: u64, end: u64) -> io::Result<()> {
    fs::write(way.join("reject-start"), format!("{start:#x}"))?;
    fs::write(way.join("reject-end"), format!("{end:#x}"))
}

/// Where a function begins, and the one behind.
fn range_of(function: &str) -> io::Result<[u64; 2]> {
    let text = fs::read_to_string("/proc/kallsyms")?;
    let symbols = || text.lines().filter_map(|line| line.split_once(' '));
    let named = |rest: &str| rest.split_whitespace().nth(1) == Some(function);
    let start = symbols().find(|(_, rest)| named(rest)).and_then(|(at, _)| address(at));
    let start = start.ok_or_else(|| io::Error::other(format!("no symbol {function}")))?;
    let behind = symbols().filter_map(|(at, _)| address(at)).filter(|at| *at > start).min();
    Ok([start, behind.unwrap_or(start)])
}

fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}
