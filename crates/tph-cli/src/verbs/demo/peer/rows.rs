//! What each queue was to do, and what it did, at both ends of the wire.

use serde::Serialize;
use tph::tlp::Hint;
use tph::{DmaBufHint, DmaBufTags, NoSlot, ProcessingHint, RequesterType, SteeringTag};
use tph_emu::FunctionId;
use vfio_tph::WriteTag;

use super::{Buffer, Emulated, LENGTH, Nic};
use crate::failure::Failure;
use crate::report::Tag;
use crate::verbs::demo::packets::{hex, hint_on_the_wire};

/// One queue, its page of the accelerator, and both ends of what it sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct PeerRow {
    pub(super) queue: u16,
    /// Where its page starts in the accelerator's BAR 4.
    pub(super) page: u64,
    /// The tags that the accelerator's driver set, one for each width.
    pub(super) set: Vec<Tag>,
    /// The place of the NIC that holds the tag; null if the page goes without.
    pub(super) place: Option<u16>,
    /// Why it goes without: `nothing-set`, `places-full`, `not-written`.
    pub(super) untagged: Option<&'static str>,
    /// What every packet should say: the accelerator's tag of the NIC's width and its hint, or
    /// nothing.
    pub(super) expected: Option<HintRow>,
    /// What left the NIC.
    pub(super) sent: End,
    /// What the accelerator received.
    pub(super) received: End,
    /// Whether both ends saw what they should, and the data is in the accelerator's memory.
    pub(super) correct: bool,
}

/// A hint in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct HintRow {
    pub(super) tag: Tag,
    pub(super) processing_hint: u8,
}

impl HintRow {
    const fn processing(self) -> ProcessingHint {
        ProcessingHint::from_low_bits(self.processing_hint)
    }
}

impl From<Hint> for HintRow {
    fn from(hint: Hint) -> Self {
        Self { tag: hint.tag.into(), processing_hint: hint.processing.bits() }
    }
}

impl std::fmt::Display for HintRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.tag, self.processing())
    }
}

/// What was seen at one end of the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct End {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    /// Each hint that was seen, once. Null is a packet without.
    pub(super) hints: Vec<Option<HintRow>>,
    /// The header of the first packet, hexadecimal.
    pub(super) first_header: Option<String>,
}

/// What one doorbell moved.
pub(super) struct Traffic {
    pub(super) sent: End,
    pub(super) received: End,
    pub(super) faults: u64,
}

impl Traffic {
    /// Rings a queue and looks at both ends.
    pub(super) fn of(
        emulated: &Emulated,
        nic: &Nic,
        nic_id: FunctionId,
        accelerator: FunctionId,
        queue: u16,
    ) -> Result<Self, Failure> {
        for id in [nic_id, accelerator] {
            emulated.host().lock().endpoint_mut(id).clear_record();
        }
        nic.ring(queue)?;
        let host = emulated.host().lock();
        let framing = host.endpoint(nic_id).profile().framing.into();
        let (mut sent, mut faults) = (End::default(), 0);
        for packet in host.last_packets(nic_id) {
            sent.packets += 1;
            sent.bytes += u64::from(packet.bytes);
            faults += u64::from(packet.fault);
            sent.first_header.get_or_insert_with(|| hex(packet.header.as_bytes()));
            sent.see(hint_on_the_wire(packet, framing));
        }
        let mut received = End::default();
        for row in host.received(accelerator).rows {
            received.packets += row.writes;
            received.bytes += row.bytes;
            received.first_header.get_or_insert_with(|| hex(row.first_header.as_bytes()));
            received.see(row.hint);
        }
        Ok(Self { sent, received, faults })
    }

    /// Whether every packet arrived, and with this tag.
    pub(super) fn carries(&self, tag: SteeringTag) -> bool {
        let right = |hint: &Option<HintRow>| hint.is_some_and(|hint| hint.tag == tag.into());
        self.received == self.sent
            && self.received.bytes == u64::from(LENGTH)
            && self.received.hints.iter().all(right)
    }
}

impl End {
    fn see(&mut self, hint: Option<Hint>) {
        let hint = hint.map(HintRow::from);
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
    }
}

/// What a queue was told to do.
pub(super) struct Plan {
    pub(super) queue: u16,
    pub(super) place: Option<u16>,
    untagged: Option<&'static str>,
    set: Vec<Tag>,
    expected: Option<HintRow>,
}

impl Plan {
    /// What follows from what was set for the page of a queue and from what its buffer got.
    pub(super) fn new<W: WriteTag>(
        queue: u16,
        set: DmaBufHint,
        width: RequesterType,
        buffer: &Buffer<W>,
    ) -> Self {
        let place = buffer.tag.index().map(|index| index.0);
        // Of what was set, past the library and what it was answered.
        let wanted = match (set.tags, width) {
            (DmaBufTags::Apart { standard, .. }, RequesterType::Tph) => {
                standard.map(SteeringTag::Standard)
            }
            (DmaBufTags::Apart { extended, .. }, RequesterType::ExtendedTph) => {
                extended.map(SteeringTag::Extended)
            }
            (DmaBufTags::Single(_), _) => None,
        };
        let untagged = match (place, buffer.tag.refusal()) {
            (Some(_), _) => None,
            (None, None) => Some("nothing-set"),
            (None, Some(NoSlot::Full)) => Some("places-full"),
            (None, Some(NoSlot::Write(_))) => Some("not-written"),
        };
        let expected = wanted.filter(|_| untagged != Some("places-full"));
        let expected = expected.map(|tag| HintRow::from(Hint::new(tag, set.hint)));
        Self { queue, place, untagged, set: tags(set.tags), expected }
    }

    /// What the queue did, and whether that was right.
    pub(super) fn row(&self, traffic: &Traffic, data_arrived: bool) -> PeerRow {
        let Traffic { sent, received, faults } = traffic;
        let whole = *faults == 0 && sent.bytes == u64::from(LENGTH) && data_arrived;
        let alike = (sent.packets, sent.bytes, &sent.hints)
            == (received.packets, received.bytes, &received.hints);
        PeerRow {
            queue: self.queue,
            page: u64::from(self.queue) * u64::from(LENGTH),
            set: self.set.clone(),
            place: self.place,
            untagged: self.untagged,
            expected: self.expected,
            correct: whole && alike && received.hints == [self.expected],
            sent: sent.clone(),
            received: received.clone(),
        }
    }
}

/// The tags that were set, the narrower first.
fn tags(tags: DmaBufTags) -> Vec<Tag> {
    let (standard, extended) = match tags {
        DmaBufTags::Single(tag) => (None, Some(tag)),
        DmaBufTags::Apart { standard, extended } => (standard, extended),
    };
    let standard = standard.map(SteeringTag::Standard);
    standard.into_iter().chain(extended.map(SteeringTag::Extended)).map(Tag::from).collect()
}
