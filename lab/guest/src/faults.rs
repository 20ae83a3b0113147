//! Faults that the kernel injects into one thread: the nth allocation or copy that could fail does
//! (the kernel's Documentation/fault-injection/fault-injection.rst).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The number of the calling thread's next fault.
const NTH: &str = "/proc/thread-self/fail-nth";
/// What can fail, and where it is told how.
const FOLDER: &str = "/sys/kernel/debug";
const WAYS: [&str; 3] = ["failslab", "fail_page_alloc", "fail_usercopy"];
/// Where x86-64 loads modules, up to the end of that area.
const END_OF_MODULES: &str = "0xffffffffff000000";

/// The faults of the thread that made this.
#[derive(Debug)]
pub struct Faults {
    nth: File,
    /// Only what is called from a module counts.
    aimed: bool,
}

impl Faults {
    /// Prepares the calling thread's faults; `None` if this kernel has none.
    ///
    /// # Errors
    /// If the kernel has them and cannot be told how.
    pub fn of_this_thread() -> io::Result<Option<Self>> {
        if !Path::new(NTH).exists() {
            return Ok(None);
        }
        let mut aimed = true;
        for way in WAYS.map(|way| Path::new(FOLDER).join(way)) {
            if !way.exists() {
                continue;
            }
            // Without a report of each: it looks like that of a bug.
            fs::write(way.join("verbose"), "0")?;
            for gentle in ["ignore-gfp-wait", "ignore-gfp-highmem"] {
                if way.join(gentle).exists() {
                    fs::write(way.join(gentle), "N")?;
                }
            }
            if way.join("min-order").exists() {
                fs::write(way.join("min-order"), "0")?;
            }
            if way.join("require-start").exists() {
                fs::write(way.join("require-start"), lowest_module()?)?;
                fs::write(way.join("require-end"), END_OF_MODULES)?;
            } else {
                aimed = false;
            }
        }
        let nth = OpenOptions::new().read(true).write(true).open(NTH)?;
        Ok(Some(Self { nth, aimed }))
    }

    /// Whether only allocations and copies below a module's function count; else all that a system
    /// call does.
    pub fn are_aimed(&self) -> bool {
        self.aimed
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

/// The lowest address of a module, as the kernel lists them.
fn lowest_module() -> io::Result<String> {
    let text = fs::read_to_string("/proc/modules")?;
    let addresses = text.lines().filter_map(|line| line.split_whitespace().nth(5));
    addresses.min().map(str::to_owned).ok_or_else(|| io::Error::other("no module is loaded"))
}
