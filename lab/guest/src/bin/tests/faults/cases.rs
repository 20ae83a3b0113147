//! The requests that are swept.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};

use tph::{BatchLen, CpuId, Entry, MAX_CAPABILITY_ENTRIES, MemoryType, RequesterType};
use tph::{StIndex, TagSource};
use tph_abi::{DmaBufQuery, DmaBufSet, Errno, FeatureNumber, Operation};
use tph_conformance as bytes_of;
use tph_lab_guest::irq::{Interrupt, RAISE, give_events, set_irqs};
use tph_lab_guest::raw::Ioctl;
use tph_lab_guest::{Control, Endpoint, Failure, module};
use vfio_tph::{DmaBuf, EventFd, Host, VfioFunction};

use super::Outcome;
use crate::dma_buf::{TAGGED, export};
use crate::life::Watch;
use crate::msix::vector_events;

const DEVICE_SPECIFIC: u8 = tph_abi::MODE_DS.to_le_bytes()[0];
/// The table of nic0 in the profile: all that its capability has room for.
const ENTRIES: u16 = MAX_CAPABILITY_ENTRIES;
/// What may come back when something in the kernel fails.
const CLEAN: [Errno; 2] = [Errno::ENOMEM, Errno::EFAULT];
/// What is said if ACPI's interpreter has no memory, as the kernel does not say that this was it: the
/// method failed, or (where it was asked which functions it has) is not there.
const UNANSWERED: [Errno; 2] = [Errno::EIO, Errno::ENODEV];
/// What the PCI core says of it if there are no vectors to be had, for want of memory too.
const NO_VECTORS: [Errno; 1] = [Errno(rustix::io::Errno::NOSPC.raw_os_error())];
/// The IRQ core's own: what it could not make in /proc/irq it warns of when it removes it
/// (`unregister_irq_proc()`), whatever driver it is.
const SHOWS_IRQ: &str = "register_irq_proc";
const CPU: &str = "/sys/devices/system/cpu/cpu3/online";

/// A request whose faults are swept.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) endpoint: Endpoint,
    pub(super) ioctl: Ioctl,
    /// Makes it possible: what the request needs, and no more.
    prepare: fn(&mut Stage) -> Outcome,
    /// Whether it answers something.
    pub(super) answers: bool,
    pub(super) memory: Memory,
    /// A function of the kernel's below which no allocation fails.
    pub(super) past: Option<&'static str>,
    /// Whether ACPI's interpreter runs for it.
    pub(super) asks_firmware: bool,
    /// What it may end with beside [`CLEAN`].
    also: &'static [Errno],
    /// Whether tags may be gone after a failure. The module takes them out before it hands the request
    /// on, so that no vector goes with one; where VFIO cannot read it then, the vectors stay.
    pub(super) may_clear: bool,
}

/// What becomes of a request that gets no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// It asks for none.
    None,
    /// It is done with memory from elsewhere, or with less.
    Spare,
    /// It fails.
    Needed,
}

impl Case {
    /// Whether it may end so when something in the kernel fails.
    pub(super) fn may_end_with(&self, errno: Errno) -> bool {
        CLEAN.contains(&errno) || self.also.contains(&errno)
    }
}

/// A device on which a case is played.
pub(super) struct Stage {
    pub(super) function: VfioFunction,
    pub(super) request: Vec<u8>,
    /// What has to stay open for it.
    events: Vec<EventFd>,
    buffer: Option<DmaBuf>,
}

impl Stage {
    /// Opens the device anew and prepares the case.
    pub(super) fn set(case: &Case) -> Result<Self, Failure> {
        let function = VfioFunction::open(case.endpoint.address)?;
        let mut stage = Self { function, request: Vec::new(), events: Vec::new(), buffer: None };
        stage.prepare(case)?;
        Ok(stage)
    }

    /// Prepares the case again, with what is left of it.
    pub(super) fn prepare(&mut self, case: &Case) -> Outcome {
        (case.prepare)(self)
    }

    fn call(&self, mut request: Vec<u8>) -> Outcome {
        let (outcome, _) = tph_lab_guest::raw::call(&self.function, Ioctl::PciTph, &mut request);
        outcome.map(drop).map_err(|errno| Errno(errno).into())
    }

    fn enable(&mut self) -> Outcome {
        self.call(bytes_of::disable())?;
        self.call(bytes_of::enable(DEVICE_SPECIFIC))
    }
}

/// What the endpoint holds: registers of TPH, tags in the MSI-X table.
pub(super) fn held(case: &Case, stage: &Stage, control: &mut Control) -> Result<Vec<u32>, Failure> {
    let Ok(mut watch) = Watch::new(&case.endpoint, control) else { return Ok(Vec::new()) };
    let mut held = watch.held()?;
    if case.endpoint.name == "vectors" {
        let table = stage.function.map_bar(tph_lab_guest::msix::TABLE_BAR)?;
        held.extend(crate::msix::tags(&table)?.into_iter().map(u32::from));
    }
    Ok(held)
}

/// All cases that this guest has a device for.
pub(super) fn cases() -> Vec<Case> {
    let exports = Host::default().dma_buf_feature().is_some();
    let direct = module::allows_direct_tags().unwrap_or(false);
    let case = |name, endpoint: &str, ioctl, memory, prepare| {
        let endpoint = Endpoint::named(endpoint)?;
        Some(Case {
            name,
            endpoint,
            ioctl,
            prepare,
            answers: false,
            memory,
            past: None,
            asks_firmware: false,
            also: &[],
            may_clear: false,
        })
    };
    let answering = |case: Option<Case>| Some(Case { answers: true, ..case? });
    let asking =
        |case: Option<Case>| Some(Case { asks_firmware: true, also: &UNANSWERED, ..case? });
    let tph = Ioctl::PciTph;
    let (none, spare, needed) = (Memory::None, Memory::Spare, Memory::Needed);
    let all = [
        answering(case("get_cap", "nic0", tph, none, get_cap)),
        case("enable", "nic0", tph, none, enable),
        case("disable", "nic0", tph, none, disable),
        case("set_st", "nic0", tph, needed, set_st),
        asking(case("set_st_that_asks_firmware", "nic0", tph, needed, set_st_asks)),
        case("the_longest_set_st", "nic0", tph, spare, set_st_long),
        case("set_st_in_msix", "vectors", tph, needed, set_st_in_msix),
        answering(case("get_entries", "nic0", tph, needed, get_entries)),
        answering(
            case("get_st_with_direct_tags", "direct", tph, needed, get_st).filter(|_| direct),
        ),
        answering(case("dma_buf_get", "accel", tph, needed, dma_buf_get).filter(|_| exports)),
        case("dma_buf_tph", "accel", Ioctl::Feature, needed, dma_buf_tph).filter(|_| exports),
        case("setting_up_vectors", "vectors", Ioctl::SetIrqs, needed, set_up_vectors)
            .map(|case| Case { also: &NO_VECTORS, past: Some(SHOWS_IRQ), ..case }),
        case("freeing_vectors", "vectors", Ioctl::SetIrqs, spare, free_vectors)
            .map(|case| Case { may_clear: true, ..case }),
    ];
    all.into_iter().flatten().collect()
}

fn get_cap(stage: &mut Stage) -> Outcome {
    stage.call(bytes_of::disable())?;
    stage.request = bytes_of::get_cap();
    Ok(())
}

fn enable(stage: &mut Stage) -> Outcome {
    stage.call(bytes_of::disable())?;
    stage.request = bytes_of::enable(DEVICE_SPECIFIC);
    Ok(())
}

fn disable(stage: &mut Stage) -> Outcome {
    stage.enable()?;
    stage.request = bytes_of::disable();
    Ok(())
}

fn entry(index: u16) -> Entry {
    let cpu = CpuId(u32::from(index) % 4);
    let source = TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    Entry { index: StIndex(index), source }
}

fn clear(index: u16) -> Entry {
    Entry { index: StIndex(index), source: TagSource::Clear }
}

fn set_st(stage: &mut Stage) -> Outcome {
    stage.enable()?;
    stage.call(bytes_of::st(Operation::SetSt, &(0..ENTRIES).map(clear).collect::<Vec<_>>()))?;
    stage.request = bytes_of::st(Operation::SetSt, &(0..ENTRIES).map(entry).collect::<Vec<_>>());
    Ok(())
}

/// All of firmware's answers are old once a CPU came or went.
fn set_st_asks(stage: &mut Stage) -> Outcome {
    fs::write(CPU, "0")?;
    fs::write(CPU, "1")?;
    stage.enable()?;
    stage.call(bytes_of::st(Operation::SetSt, &(0..4).map(clear).collect::<Vec<_>>()))?;
    stage.request = bytes_of::st(Operation::SetSt, &(0..4).map(entry).collect::<Vec<_>>());
    Ok(())
}

fn set_st_long(stage: &mut Stage) -> Outcome {
    set_st(stage)?;
    let longest = BatchLen::MAX as usize;
    let entries: Vec<_> = (0..ENTRIES).map(entry).cycle().take(longest).collect();
    stage.request = bytes_of::st(Operation::SetSt, &entries);
    Ok(())
}

fn set_st_in_msix(stage: &mut Stage) -> Outcome {
    if stage.events.is_empty() {
        stage.events = vector_events()?;
        stage.function.enable_msix(&stage.events)?;
    }
    stage.enable()?;
    stage.call(bytes_of::st(Operation::SetSt, &(0..8).map(clear).collect::<Vec<_>>()))?;
    stage.request = bytes_of::st(Operation::SetSt, &(0..8).map(entry).collect::<Vec<_>>());
    Ok(())
}

fn get_entries(stage: &mut Stage) -> Outcome {
    stage.enable()?;
    stage.request = bytes_of::entries(&(0..ENTRIES).map(StIndex).collect::<Vec<_>>());
    Ok(())
}

fn get_st(stage: &mut Stage) -> Outcome {
    stage.enable()?;
    stage.request = bytes_of::st(Operation::GetSt, &(0..4).map(entry).collect::<Vec<_>>());
    Ok(())
}

fn number() -> Result<FeatureNumber, Failure> {
    Ok(Host::default().dma_buf_feature().ok_or("no dma-bufs")?)
}

fn dma_buf_get(stage: &mut Stage) -> Outcome {
    if stage.buffer.is_none() {
        let buffer = export(&stage.function)?;
        stage.function.tph().set_dma_buf_tags(&buffer, TAGGED)?;
        stage.buffer = Some(buffer);
    }
    let descriptor = stage.buffer.as_ref().map_or(-1, |buffer| buffer.as_fd().as_raw_fd());
    let query = DmaBufQuery { descriptor, requester: RequesterType::ExtendedTph };
    stage.request = query.bytes().to_vec();
    Ok(())
}

/// A new buffer each time: the first tag is what takes memory.
fn dma_buf_tph(stage: &mut Stage) -> Outcome {
    let buffer = export(&stage.function)?;
    let set = DmaBufSet { descriptor: buffer.as_fd().as_raw_fd(), hint: TAGGED };
    stage.request = set.request(number()?).bytes().to_vec();
    stage.buffer = Some(buffer);
    Ok(())
}

/// Two: the first differs from the next, and with each more there are dozens of allocations of a kind.
fn set_up_vectors(stage: &mut Stage) -> Outcome {
    let _ = stage.function.disable_msix();
    stage.enable()?;
    stage.events = vector_events()?;
    stage.events.truncate(2);
    stage.request =
        give_events(Interrupt::MsiX, 0, &[Some(&stage.events[0]), Some(&stage.events[1])]);
    Ok(())
}

fn free_vectors(stage: &mut Stage) -> Outcome {
    stage.events.clear();
    let _ = stage.function.disable_msix();
    set_st_in_msix(stage)?;
    let batch: Vec<_> = (0..8).map(entry).collect();
    stage.call(bytes_of::st(Operation::SetSt, &batch))?;
    stage.request = set_irqs(Interrupt::MsiX, RAISE, 0, 0);
    Ok(())
}
