//! Plans on a real kernel: what a rehearsal says, what is seen, what the kernel tells a watcher.

use std::fs;
use std::thread;
use std::time::Duration;

use tph::{ConfigSpace, MemoryType};
use tph_lab_guest::bind::{OURS, rebind, unbind};
use tph_lab_guest::{ConfigFile, Endpoint, Failure, Suite, wait};
use vfio_tph::{CpuId, CpuSet, EventFd, Host, Plan, PlannedEntry, Queue, Register, Seen, StIndex};
use vfio_tph::{StMode, Uevents, VfioFunction};

use crate::check::same;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint) -> Outcome;

const MODE: StMode = StMode::DeviceSpecific;
const CPU_3: &str = "/sys/devices/system/cpu/cpu3/online";
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn run(suite: &mut Suite) {
    let tests: [(&str, Test); 4] = [
        ("a_rehearsal_of_files_is_what_the_module_writes", rehearsal),
        ("what_is_no_longer_as_planned_is_seen", drift),
        ("a_watcher_hears_of_cpus_and_of_its_device", events),
        ("a_user_is_told_that_the_kernel_wants_the_device_back", request),
    ];
    for (name, test) in tests {
        suite.test(&format!("plan::{name}"), || {
            let nic = Endpoint::named("nic0").ok_or("no nic0")?;
            let outcome = test(&nic);
            let _ = fs::write(CPU_3, "1");
            rebind(nic.address, OURS)?;
            outcome
        });
    }
}

/// Queues 0 and 1 on CPUs 3 and 2.
fn plan() -> Plan {
    let entry = |index, cpu| PlannedEntry::new(StIndex(index), CpuId(cpu), MemoryType::Volatile);
    let queue = |number, cpu| Queue::new(number, CpuId(cpu)).interrupting_with(StIndex(1));
    let queues = [(queue(0, 3), Some(StIndex(0))), (Queue::new(1, CpuId(2)), Some(StIndex(5)))];
    Plan::given(&Host::default().topology(), [entry(0, 3), entry(5, 2)], queues)
}

fn rehearsal(nic: &Endpoint) -> Outcome {
    let changes = Host::default().rehearse(nic.address, MODE, &plan().batch())?;
    let function = VfioFunction::open(nic.address)?;
    let mut device = function.tph();
    let mut tph = device.enable(MODE)?;
    tph.program(&plan().batch())?;
    let mut space = ConfigFile::open(nic.address)?;
    for (position, change) in changes.iter().enumerate() {
        let (Register::Control { offset }
        | Register::Entries { offset, .. }
        | Register::Other { offset }) = change.register
        else {
            return Err(format!("{change:?}").into());
        };
        if changes[position + 1..].iter().any(|later| later.register == change.register) {
            continue;
        }
        // The last value of a register; of a tag it is known only that there is one.
        let mut found = space.read_config(offset)?;
        for tag in &change.tags {
            let shift = 16 * u32::from(tag.index.0 % 2);
            same("a tag is there", found >> shift & 0xffff != 0, true)?;
            found &= !(0xffff << shift);
        }
        same(&format!("register at {:#x}", offset.get()), found, change.new)?;
    }
    let tags: Vec<_> = changes.iter().flat_map(|change| &change.tags).collect();
    same("tags", tags.len(), 2)
}

/// What is said of the plan now.
fn drifts(nic: &Endpoint) -> Result<Vec<String>, Failure> {
    let seen: Seen = Host::default().see(nic.address, None)?;
    let comparison = plan().drift(MODE, &seen);
    let drifts = comparison.drifts.iter().map(ToString::to_string);
    Ok(drifts.chain(comparison.not_compared.iter().map(ToString::to_string)).collect())
}

fn drift(nic: &Endpoint) -> Outcome {
    let none = Vec::<String>::new();
    let function = VfioFunction::open(nic.address)?;
    let events = [EventFd::new(0)?, EventFd::new(0)?];
    function.enable_msix(&events)?;
    let vectors = Host::default().vector_affinity(nic.address);
    same("vectors", vectors.len(), 2)?;
    let affinity = format!("/proc/irq/{}/smp_affinity_list", vectors[1].irq);
    fs::write(&affinity, "3")?;
    let mut device = function.tph();
    let mut tph = device.enable(MODE)?;
    tph.program(&plan().batch())?;
    same("as planned", drifts(nic)?, none.clone())?;
    fs::write(&affinity, "1")?;
    let irq = vectors[1].irq;
    let moved =
        format!("queue 0: vector 1 (IRQ {irq}) interrupts CPU 1, and the plan is for CPU 3");
    same("with an interrupt elsewhere", drifts(nic)?, vec![moved])?;
    fs::write(&affinity, "3")?;
    tph.clear(&[StIndex(5)])?;
    let empty = "entry 5 is 0, and should hold the tag of CPU 2".to_owned();
    same("with an entry cleared", drifts(nic)?, vec![empty])?;
    tph.program(&plan().batch())?;
    same("programmed again", drifts(nic)?, none)?;
    fs::write(&affinity, "0")?;
    fs::write(CPU_3, "0")?;
    let found = drifts(nic);
    fs::write(CPU_3, "1")?;
    let found = found?;
    let offline = found.iter().any(|text| text == "CPU 3 is not online, and should poll queue 0");
    if !offline {
        return Err(format!("with CPU 3 offline: {found:?}").into());
    }
    tph.disable()?;
    let off = drifts(nic)?.first().cloned();
    let expected = format!("TPH is off; the device is bound to {OURS}");
    same("off", off, Some(expected))?;
    same("cpus", CpuSet::parse("0-3"), Some(Host::default().topology().online()))
}

fn events(nic: &Endpoint) -> Outcome {
    let mut events = Uevents::listen()?;
    fs::write(CPU_3, "0")?;
    fs::write(CPU_3, "1")?;
    unbind(nic.address)?;
    rebind(nic.address, OURS)?;
    let mut heard = Vec::new();
    let mut expected = vec!["offline of cpu3".to_owned(), "online of cpu3".to_owned()];
    expected.extend(["unbind", "bind"].map(|action| format!("{action} of {}", nic.address)));
    let outcome = wait::until("event of each kind", LIMIT, || {
        while let Some(event) = events.next()? {
            if event.concerns(nic.address) {
                heard.push(event.to_string());
            }
        }
        Ok(expected.iter().all(|event| heard.contains(event)))
    });
    outcome.map_err(|why| format!("{why}: heard {heard:?}").into())
}

fn request(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let event = EventFd::new(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())?;
    function.signal_request(&event)?;
    let address = nic.address;
    let unbinding = thread::spawn(move || unbind(address));
    // The function goes in any case, or unbinding would never end.
    let told = wait::until("word to the user", LIMIT, || Ok(event.read().is_ok()));
    drop(function);
    unbinding.join().map_err(|_| "the unbinding thread panicked")??;
    told?;
    same("driver", Host::default().function(nic.address)?.driver, None)
}
