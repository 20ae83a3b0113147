//! `tph demo --peer`: an accelerator's driver exports memory with tags, a NIC's driver writes into it
//! with them, both written on the library; and what went over the wire is read at both ends.

mod report;
mod rows;
mod text;

use tph::{DmaBufError, DmaBufHint, DmaBufTags, ProcessingHint, Tag8, Tag16};
use tph::{RequesterEnable, RequesterType, SlotIndex, StMode, SteeringTag};
use tph_emu::{BarRange, EmuDevice, EmuFile, ImportError, Profile, Region};
use vfio_tph::{BufferTag, Descriptor, Errno, TagTable, TphDevice, WriteTag};

use crate::failure::Failure;
use crate::output;
use crate::source::Emulated;
use crate::verbs::nic::{LENGTH, Nic};

pub(crate) use report::PeerReport;
use report::{Revocation, Steps};
use rows::{Plan, Traffic};

const NIC: &str = "nic0";
const ACCELERATOR: &str = "accel0";
/// The memory of the accelerator.
const MEMORY: Region = Region::Bar(4);
/// Where the NIC maps the accelerator's pages.
const IOVA: u64 = 0x2_0000_0000;

/// What the accelerator's driver sets for the page of each queue. To this accelerator a tag is a
/// partition of its cache; that is its own business. The NIC has room for three.
const PLANS: [DmaBufTags; 8] = [
    partition(0),
    partition(0),
    partition(1),
    partition(2),
    partition(1),
    partition(3),
    DmaBufTags::NONE,
    DmaBufTags::Apart { standard: Some(Tag8(0xf4)), extended: None },
];

/// The two tags of a partition; neither is made from the other.
const fn partition(number: u8) -> DmaBufTags {
    let extended = Some(Tag16(u16::from_le_bytes([0xe0 + number, 0x51 + number])));
    DmaBufTags::Apart { standard: Some(Tag8(0xf0 + number)), extended }
}

pub(super) fn demo(sabotage: Option<u16>, json: bool) -> Result<(), Failure> {
    let report = run(sabotage)?;
    if json {
        output::json(&report)?;
    } else {
        output::print(&text::text(&report))?;
    }
    report.complaint().map_or(Ok(()), |complaint| Err(Failure::WrongTags(complaint)))
}

fn run(sabotage: Option<u16>) -> Result<PeerReport, Failure> {
    let emulated = Emulated::of(&Profile::peer());
    let (nic_id, accelerator_id) = (emulated.find(NIC)?, emulated.find(ACCELERATOR)?);
    let nic = Nic::open(emulated.open(nic_id)?)?;
    let accelerator = emulated.open(accelerator_id)?;
    let before = [emulated.report(nic_id), emulated.report(accelerator_id)];

    let mut asked = TphDevice::new(nic.device(), before[0].address.clone());
    let mut exporter = TphDevice::new(&accelerator, before[1].address.clone());
    exporter.probe_dma_buf_tags()?;
    let mut tph = TphDevice::new(nic.device(), before[0].address.clone());
    let tph = tph.enable(StMode::DeviceSpecific)?;
    let width = width(&emulated, nic_id).ok_or_else(|| nic.failure("TPH is not on"))?;
    let places = nic.places()?;
    let table = TagTable::new(places, |index: SlotIndex, tag: SteeringTag| {
        nic.write_tag(index.0, tag.entry_bits())
    });

    let mut buffers = Vec::new();
    let mut plans = Vec::new();
    for (queue, tags) in (0..nic.queues()).zip(PLANS) {
        let file = export(&accelerator, queue, &before[1].address)?;
        let hint = DmaBufHint { tags, hint: ProcessingHint::Target };
        exporter.set_dma_buf_tags(Descriptor(file.number()), hint)?;
        let buffer = Buffer::import(&nic, &mut asked, &table, queue, file, width)?;
        plans.push(Plan::new(queue, hint, width, &buffer));
        buffers.push(buffer);
    }
    if let Some(place) = sabotage.and_then(|queue| plans.get(usize::from(queue))?.place) {
        nic.write_tag(place, 0xdead).map_err(|errno| nic.failure(&errno.to_string()))?;
    }
    let rows = plans
        .into_iter()
        .map(|plan| {
            let traffic = Traffic::of(&emulated, &nic, nic_id, accelerator_id, plan.queue)?;
            Ok(plan.row(&traffic, nic.data(plan.queue)? == page(&accelerator, plan.queue)))
        })
        .collect::<Result<Vec<_>, Failure>>()?;

    let revocation = revoke(&emulated, &nic, &accelerator, &mut asked, &mut buffers, width)?;
    let in_use = table.in_use().len();
    drop(buffers);
    tph.disable()?;
    let after = emulated.report(nic_id);
    let freed = table.in_use().is_empty();
    Ok(PeerReport::new(before, Steps { places, rows, revocation, in_use, freed, after }))
}

/// A page of the accelerator as the NIC's driver knows it. Its tag is given back when this is
/// dropped, and its descriptor closed.
struct Buffer<W: WriteTag> {
    tag: BufferTag<W>,
    hint: ProcessingHint,
    file: EmuFile,
}

impl<W: WriteTag> Buffer<W> {
    /// What the driver of a NIC does with a dma-buf: map it, ask for its tag in the width that the NIC
    /// sends, take a place for it, tell the queue. Without a tag it goes on without.
    fn import(
        nic: &Nic,
        asked: &mut TphDevice<&EmuDevice>,
        table: &TagTable<W>,
        queue: u16,
        file: EmuFile,
        width: RequesterType,
    ) -> Result<Self, Failure> {
        let iova = IOVA + u64::from(queue) * u64::from(LENGTH);
        nic.device()
            .map_dma_buf(iova, file.number())
            .map_err(|error| nic.failure(&format!("mapping a dma-buf: {error}")))?;
        let answer = asked.dma_buf_tag(Descriptor(file.number()), width).ok();
        let tag = table.register(answer.map(|(tag, _)| tag));
        let hint = answer.map_or(ProcessingHint::default(), |(_, hint)| hint);
        nic.aim(queue, iova, tag.index().map_or(0, |index| index.0), hint)?;
        Ok(Self { tag, hint, file })
    }
}

/// A page of the accelerator's memory for each queue.
fn export(accelerator: &EmuDevice, queue: u16, address: &str) -> Result<EmuFile, Failure> {
    let length = u64::from(LENGTH);
    let range = BarRange { offset: u64::from(queue) * length, length };
    accelerator.export_dma_buf(MEMORY, &[range]).map_err(|errno| Failure::Emulated {
        device: address.to_owned(),
        reason: format!("exporting its memory: {errno}"),
    })
}

/// What lies in the page of a queue; nothing if the accelerator does not answer.
fn page(accelerator: &EmuDevice, queue: u16) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH as usize];
    let offset = u64::from(queue) * u64::from(LENGTH);
    match accelerator.region_read(MEMORY, offset, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// The tags that the NIC sends, as its control register says.
fn width(emulated: &Emulated, nic: tph_emu::FunctionId) -> Option<RequesterType> {
    match emulated.host().lock().endpoint(nic).control()?.enable() {
        RequesterEnable::On(requester) => Some(requester),
        _ => None,
    }
}

/// Memory off: nobody reaches it. Memory on: the NIC's driver maps and asks anew.
fn revoke<W: WriteTag>(
    emulated: &Emulated,
    nic: &Nic,
    accelerator: &EmuDevice,
    asked: &mut TphDevice<&EmuDevice>,
    buffers: &mut [Buffer<W>],
    width: RequesterType,
) -> Result<Revocation, Failure> {
    let ids = [nic.device().function(), accelerator.function()];
    let Some(buffer) = buffers.first_mut() else { return Ok(Revocation::default()) };
    let descriptor = buffer.file.number();
    let command = |byte: u8| {
        let done = accelerator.region_write(Region::Config, 4, &[byte, 0]);
        done.map_err(|errno| nic.failure(&format!("turning its memory on or off: {errno}")))
    };
    command(0)?;
    let refused = asked.dma_buf_tag(Descriptor(descriptor), width).err();
    let mapped = nic.device().map_dma_buf(IOVA + 0x1000_0000, descriptor);
    let off = Traffic::of(emulated, nic, ids[0], ids[1], 0)?;
    command(2)?;
    nic.device().unmap_dma(IOVA, LENGTH.into());
    let (tag, hint) = asked.dma_buf_tag(Descriptor(descriptor), width)?;
    nic.device()
        .map_dma_buf(IOVA, descriptor)
        .map_err(|error| nic.failure(&format!("mapping a dma-buf: {error}")))?;
    let on = Traffic::of(emulated, nic, ids[0], ids[1], 0)?;
    Ok(Revocation {
        answer: refused.and_then(|error| error.errno()).as_ref().map(Errno::to_string),
        map_refused: mapped == Err(ImportError::Buffer(DmaBufError::Revoked)),
        packets_while_off: off.received.packets,
        faults_while_off: off.faults,
        same_tag: buffer.tag.index().is_some() && hint == buffer.hint && on.carries(tag),
        packets_afterwards: on.received.packets,
    })
}

#[cfg(test)]
mod tests;
