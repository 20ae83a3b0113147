//! What went over the wire, held against what should have.

use std::fmt::Write;

use serde::Serialize;
use tph::tlp::{self, Framing, Hint};
use tph::{CpuId, MemoryType, RequesterEnable, SteeringTag};
use tph_emu::{FunctionId, Host, SharedHost, TlpRecord};

use crate::report::Tag;
use crate::verbs::nic::{LENGTH, Nic};

/// What every packet of a queue should say.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expectation {
    /// The tag that the firmware names for the CPU of the queue.
    TagOfCpu,
    /// Nothing.
    NoHint,
}

/// What one queue sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct QueueRow {
    pub(super) queue: u16,
    /// The CPU that the queue is for.
    pub(super) cpu: u32,
    pub(super) socket: Option<u32>,
    /// The largest cache that the CPU shares, such as `L3 0`.
    pub(super) cache: Option<String>,
    /// What its packets should carry: the firmware's tag for the CPU, or nothing.
    pub(super) expected_tag: Option<Tag>,
    /// What they carried, read from their bytes; each tag once. Null is a packet without a hint.
    pub(super) tags: Vec<Option<Tag>>,
    /// The CPUs for which the firmware names these tags.
    pub(super) named_cpus: Vec<u32>,
    pub(super) writes: u64,
    pub(super) bytes: u64,
    /// The header of the first packet as it goes on the wire, hexadecimal.
    pub(super) first_header: Option<String>,
    /// Whether every packet carried what it should, none is missing and the data is in memory.
    pub(super) correct: bool,
}

/// Looks at every packet that each queue has sent since the record was cleared.
pub(super) fn observe(
    host: &SharedHost,
    id: FunctionId,
    nic: &Nic,
    cpus: &[CpuId],
    expectation: Expectation,
) -> Vec<QueueRow> {
    let arrived: Vec<_> = (0..nic.queues()).map(|queue| nic.data_arrived(queue)).collect();
    let host = host.lock();
    let queues = (0..nic.queues()).zip(cpus).zip(arrived);
    queues
        .map(|((queue, cpu), arrived)| {
            let mut row = row(&host, id, queue, *cpu);
            row.expected_tag = match expectation {
                Expectation::TagOfCpu => firmware_tag(&host, id, *cpu),
                Expectation::NoHint => None,
            };
            let wanted = matches!(expectation, Expectation::NoHint) || row.expected_tag.is_some();
            row.correct = wanted
                && arrived
                && row.tags == [row.expected_tag]
                && row.bytes == u64::from(LENGTH)
                && host.scoreboard(id).queue(queue).is_some_and(|score| {
                    score.faults == 0 && (score.writes, score.bytes) == (row.writes, row.bytes)
                });
            row
        })
        .collect()
}

fn row(host: &Host, id: FunctionId, queue: u16, cpu: CpuId) -> QueueRow {
    let profile = host.profile();
    let framing = host.endpoint(id).profile().framing.into();
    let packets: Vec<_> = host.last_packets(id).filter(|packet| packet.queue == queue).collect();
    let mut seen: Vec<Option<SteeringTag>> = Vec::new();
    for packet in &packets {
        let tag = tag_on_the_wire(packet, framing);
        if !seen.contains(&tag) {
            seen.push(tag);
        }
    }
    let named = |tag: &SteeringTag| host.firmware().map(|firmware| firmware.named_by(*tag));
    let cache =
        profile.caches_of(cpu.0).last().map(|cache| format!("L{} {}", cache.level, cache.id));
    QueueRow {
        queue,
        cpu: cpu.0,
        socket: profile.cpus.iter().find(|known| known.id == cpu.0).map(|known| known.socket),
        cache,
        expected_tag: None,
        named_cpus: seen.iter().flatten().filter_map(named).flatten().map(|cpu| cpu.0).collect(),
        tags: seen.into_iter().map(|tag| tag.map(Tag::from)).collect(),
        writes: packets.len() as u64,
        bytes: packets.iter().map(|packet| u64::from(packet.bytes)).sum(),
        first_header: packets.first().map(|packet| hex(packet.header.as_bytes())),
        correct: false,
    }
}

/// Reads the tag out of the packet's bytes; a packet that cannot be read counts as one without.
fn tag_on_the_wire(packet: &TlpRecord, framing: Framing) -> Option<SteeringTag> {
    hint_on_the_wire(packet, framing).map(|hint| hint.tag)
}

/// Reads the hint out of the packet's bytes.
pub(super) fn hint_on_the_wire(packet: &TlpRecord, framing: Framing) -> Option<Hint> {
    tlp::decode(packet.header.as_bytes(), framing).ok()?.0.hint
}

/// What the firmware names for a CPU, as wide as the requester is enabled: asked of the firmware
/// itself, past the library and the rules.
fn firmware_tag(host: &Host, id: FunctionId, cpu: CpuId) -> Option<Tag> {
    let RequesterEnable::On(requester) = host.endpoint(id).control()?.enable() else { return None };
    let uid = host.profile().cpus.iter().find(|known| known.id == cpu.0)?.uid;
    let (_, word) = host.firmware()?.words().find(|(known, _)| known.0 == uid)?;
    word.tag(MemoryType::Volatile, requester).map(Tag::from)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        let gap = if at != 0 && at % 4 == 0 { " " } else { "" };
        let _ = write!(text, "{gap}{byte:02x}"); // A String takes everything.
    }
    text
}
