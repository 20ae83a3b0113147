//! Packets on their way out.

use std::collections::VecDeque;

use tph::tlp::{HeaderBytes, Hint};

use super::{CacheName, HintScore, QueueScore, Scoreboard, TlpRecord};
use crate::firmware::Firmware;
use crate::profile::{FunctionProfile, Profile};

/// How many packets are kept one by one.
const KEPT: usize = 1024;
/// How many different hints of a queue are summed up apart.
const HINTS: usize = 64;

/// One packet that was just sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) queue: u16,
    pub(crate) address: u64,
    pub(crate) bytes: u16,
    pub(crate) hint: Option<Hint>,
    pub(crate) header: HeaderBytes,
    pub(crate) fault: bool,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    writes: u64,
    bytes: u64,
    faults: u64,
    hints: Vec<HintTally>,
    other: u64,
}

#[derive(Clone, Debug)]
struct HintTally {
    hint: Option<Hint>,
    writes: u64,
    bytes: u64,
}

/// What a function sent: sums that are exact, and the last packets.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    tallies: Vec<Tally>,
    last: VecDeque<TlpRecord>,
    sequence: u64,
}

impl Recorder {
    pub(crate) fn new(queues: u16) -> Self {
        let tallies = vec![Tally::default(); usize::from(queues)];
        Self { tallies, last: VecDeque::new(), sequence: 0 }
    }

    pub(crate) fn record(&mut self, sent: &Sent) {
        let Sent { queue, address, bytes, hint, header, fault } = *sent;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        let sequence = self.sequence;
        self.sequence += 1;
        self.last.push_back(TlpRecord { sequence, queue, address, bytes, hint, header, fault });
        if let Some(tally) = self.tallies.get_mut(usize::from(queue)) {
            tally.add(hint, bytes, fault);
        }
    }

    /// The last packets, the oldest first.
    pub(crate) fn last(&self) -> impl DoubleEndedIterator<Item = &TlpRecord> {
        self.last.iter()
    }

    pub(crate) fn scoreboard(
        &self,
        function: &FunctionProfile,
        profile: &Profile,
        firmware: Option<&Firmware>,
    ) -> Scoreboard {
        let rows = (0..).zip(&self.tallies).map(|(queue, tally)| QueueScore {
            queue,
            writes: tally.writes,
            bytes: tally.bytes,
            faults: tally.faults,
            hints: tally.hints.iter().map(|hint| hint.named(profile, firmware)).collect(),
            other_hints: tally.other,
        });
        Scoreboard {
            function: function.name.clone(),
            bdf: function.bdf.to_string(),
            queues: rows.collect(),
        }
    }
}

impl Tally {
    fn add(&mut self, hint: Option<Hint>, bytes: u16, fault: bool) {
        self.writes += 1;
        self.bytes += u64::from(bytes);
        self.faults += u64::from(fault);
        if let Some(known) = self.hints.iter_mut().find(|known| known.hint == hint) {
            known.writes += 1;
            known.bytes += u64::from(bytes);
        } else if self.hints.len() < HINTS {
            self.hints.push(HintTally { hint, writes: 1, bytes: u64::from(bytes) });
        } else {
            self.other += 1;
        }
    }
}

impl HintTally {
    fn named(&self, profile: &Profile, firmware: Option<&Firmware>) -> HintScore {
        let named = self.hint.zip(firmware).map(|(hint, firmware)| firmware.named_by(hint.tag));
        let cpus: Vec<u32> = named.unwrap_or_default().iter().map(|cpu| cpu.0).collect();
        let mut caches: Vec<_> = profile
            .caches
            .iter()
            .filter(|cache| !cpus.is_empty() && cpus.iter().all(|cpu| cache.cpus.contains(*cpu)))
            .map(|cache| CacheName { level: cache.level, id: cache.id })
            .collect();
        caches.sort_by_key(|cache| cache.level);
        HintScore { hint: self.hint, writes: self.writes, bytes: self.bytes, cpus, caches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph::tlp::{self, Extent, Framing, MemoryRequest, RequestKind};
    use tph::{ProcessingHint, SteeringTag, Tag16};

    fn sent(tag: Option<u16>) -> Sent {
        let hint = tag
            .map(|tag| Hint::new(SteeringTag::Extended(Tag16(tag)), ProcessingHint::Bidirectional));
        let extent = Extent::of(0x1000, 64).unwrap();
        let request =
            MemoryRequest { kind: RequestKind::Write, extent, requester_id: 0x100, tag: 0, hint };
        let header = tlp::encode(&request, Framing::NonFlit).unwrap();
        Sent { queue: 0, address: 0x1000, bytes: 64, hint, header, fault: false }
    }

    #[test]
    fn memory_is_bounded_and_sums_are_exact() {
        let profile = Profile::demo();
        let mut recorder = Recorder::new(1);
        for tag in 0..2000 {
            recorder.record(&sent(Some(tag)));
        }
        assert_eq!(recorder.last().count(), KEPT);
        assert_eq!(recorder.last().next_back().unwrap().sequence, 1999);
        let board = recorder.scoreboard(&profile.functions[0], &profile, None);
        let row = board.queue(0).unwrap();
        assert_eq!((row.writes, row.bytes), (2000, 2000 * 64));
        assert_eq!((row.hints.len(), row.other_hints), (HINTS, 2000 - 64));
        assert_eq!(row.only_hint(), None);
    }

    #[test]
    fn the_json_form_is_stable() {
        let profile = Profile::demo();
        let firmware = Firmware::of(&profile);
        let mut recorder = Recorder::new(1);
        let tag = firmware.as_ref().unwrap().words().next().unwrap().1;
        let tag = tag.tag(tph::MemoryType::Volatile, tph::RequesterType::ExtendedTph).unwrap();
        recorder.record(&sent(Some(tag.entry_bits())));
        let board = recorder.scoreboard(&profile.functions[0], &profile, firmware.as_ref());
        let json = serde_json::to_value(&board).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "function": "nic0",
                "bdf": "0000:01:00.0",
                "queues": [{
                    "queue": 0, "writes": 1, "bytes": 64, "faults": 0,
                    "hints": [{
                        "hint": { "tag": 0x4003, "tag_bits": 16, "processing_hint": 0 },
                        "writes": 1, "bytes": 64, "cpus": [0],
                        "caches": [{ "level": 2, "id": 16 }, { "level": 3, "id": 0 }],
                    }],
                    "other_hints": 0,
                }],
            })
        );
        let record = serde_json::to_value(recorder.last().next().unwrap()).unwrap();
        assert_eq!(record["header"], "9040000040010010010003ff00001000");
    }
}
