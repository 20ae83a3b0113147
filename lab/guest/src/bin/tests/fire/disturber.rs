//! The thread that takes things away while others use them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::thread;
use std::time::Duration;

use tph_abi::Errno;
use tph_differential::Random;
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::raw::feature::{LOW_POWER_ENTRY, LOW_POWER_EXIT};
use tph_lab_guest::{Failure, wait};
use vfio_tph::Host;

use super::site::Site;
use super::{Fire, Outcome};
use crate::dma_buf::set_memory_space;
use crate::life::{feature, go, hot_reset};
use tph_conformance::MemorySpace;

/// The stream of random numbers that no caller has.
const STREAM: u64 = u64::MAX;
const CPU: &str = "/sys/devices/system/cpu/cpu3/online";
const D0: u8 = 0;
const D3HOT: u8 = 3;
/// The longest pause between two.
const PAUSE_MS: u32 = 40;

type Act = fn(&Site) -> Outcome;

const ACTS: [(&str, Act); 12] = [
    ("VFIO_DEVICE_RESET", |site| used(site, |open| Ok(open.function.reset()?))),
    ("hot reset", hot),
    ("reset by sysfs", by_sysfs),
    ("D3hot and back", sleep),
    ("low power and back", low_power),
    ("memory off and on", memory),
    ("close, buffers first", |site| site.close(true)),
    ("close, buffers last", |site| site.close(false)),
    ("unbind when closed", unbound),
    ("unbind while open", unbound_in_use),
    ("CPU off and on", cpu),
    ("sysfs read", read),
];

/// How often what was done, and how often it was refused.
#[derive(Debug, Default)]
pub(super) struct Disturbances(BTreeMap<&'static str, (u64, u64)>);

impl fmt::Display for Disturbances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in between:")?;
        for (index, (name, (done, refused))) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma} {name} {done}")?;
            if *refused > 0 {
                write!(f, " ({refused} refused)")?;
            }
        }
        Ok(())
    }
}

/// Disturbs until the fire is over; then all CPUs are there and all devices bound.
pub(super) fn run(fire: &Fire, seed: u64) -> Result<Disturbances, String> {
    let mut random = Random::new(seed, STREAM);
    let mut done = Disturbances::default();
    for site in &fire.sites {
        site.open().map_err(|error| error.to_string())?;
    }
    while !fire.is_over() {
        let site = &fire.sites[random.place(fire.sites.len())];
        let (name, act) = random.pick(&ACTS);
        let counts = done.0.entry(name).or_default();
        match act(site) {
            Ok(()) => counts.0 += 1,
            Err(_) => counts.1 += 1,
        }
        for site in &fire.sites {
            open(site)?;
        }
        thread::sleep(Duration::from_millis(random.below(PAUSE_MS).into()));
    }
    fs::write(CPU, "1").map_err(|error| error.to_string())?;
    for site in &fire.sites {
        site.close(true).map_err(|error| error.to_string())?;
    }
    Ok(done)
}

/// Binds and opens a device that is not. Whoever closed it may still be at it.
fn open(site: &Site) -> Result<(), String> {
    const LIMIT: Duration = Duration::from_secs(60);
    let mut refusal = String::new();
    let opened = wait::until("opening", LIMIT, || match site.open() {
        Ok(()) => Ok(true),
        Err(error) => {
            refusal = error.to_string();
            Ok(false)
        }
    });
    opened.map_err(|late| format!("{} cannot be opened: {late}: {refusal}", site.endpoint.name))
}

fn used(site: &Site, act: impl FnOnce(&super::site::Open) -> Outcome) -> Outcome {
    site.user().map_or(Ok(()), |open| act(&open))
}

fn hot(site: &Site) -> Outcome {
    if site.endpoint.name == "card" {
        // In a slot: with removals in the same boot lockdep sees a circle of the kernel's own locks.
        return Ok(());
    }
    used(site, |open| match hot_reset(&open.function)? {
        Ok(_) => Ok(()),
        Err(errno) => Err(Errno(errno).into()),
    })
}

fn by_sysfs(site: &Site) -> Outcome {
    let folder = Host::default().folder(site.endpoint.address);
    Ok(fs::write(folder.join("reset"), "1")?)
}

fn sleep(site: &Site) -> Outcome {
    used(site, |open| {
        go(&open.function, D3HOT)?;
        thread::sleep(Duration::from_millis(1));
        go(&open.function, D0)
    })
}

fn low_power(site: &Site) -> Outcome {
    used(site, |open| {
        feature(&open.function, LOW_POWER_ENTRY)?;
        thread::sleep(Duration::from_millis(1));
        feature(&open.function, LOW_POWER_EXIT)
    })
}

fn memory(site: &Site) -> Outcome {
    used(site, |open| {
        set_memory_space(&open.function, MemorySpace::Off)?;
        thread::sleep(Duration::from_millis(1));
        Ok(set_memory_space(&open.function, MemorySpace::On)?)
    })
}

fn unbound(site: &Site) -> Outcome {
    site.close(true)?;
    unbind(site.endpoint.address)?;
    Ok(rebind(site.endpoint.address, OURS)?)
}

/// The kernel asks for the device, and waits until it is closed.
fn unbound_in_use(site: &Site) -> Outcome {
    thread::scope(|scope| {
        let unbinder = scope.spawn(|| unbind(site.endpoint.address));
        thread::sleep(Duration::from_millis(3));
        let closed = site.close(false);
        unbinder.join().map_err(|_| "unbinding panicked")??;
        closed
    })?;
    Ok(rebind(site.endpoint.address, OURS)?)
}

/// All of firmware's answers are old then.
fn cpu(_: &Site) -> Outcome {
    fs::write(CPU, "0")?;
    thread::sleep(Duration::from_millis(2));
    Ok(fs::write(CPU, "1")?)
}

/// What the module tells of the device.
fn read(site: &Site) -> Outcome {
    let folder = Host::default().folder(site.endpoint.address).join("tph");
    for entry in fs::read_dir(folder)? {
        fs::read_to_string(entry?.path())?;
    }
    Ok::<_, Failure>(())
}
