//! What a function sent: every packet of late, and exact sums of all.

mod json;
mod received;
mod recorder;

use serde::Serialize;

pub(crate) use received::ReceivedTally;
pub use received::{ReceivedBoard, ReceivedScore};
pub(crate) use recorder::{Recorder, Sent};

/// What a function sent, a row for each queue that sent something or could have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scoreboard {
    /// The name of the function.
    pub function: String,
    /// Its address.
    pub bdf: String,
    /// The rows, in the order of the queues.
    pub queues: Vec<QueueScore>,
}

/// What one queue sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueScore {
    /// The queue.
    pub queue: u16,
    /// How many packets.
    pub writes: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How many of the packets found no memory.
    pub faults: u64,
    /// The same, apart for each hint, in the order in which the hints were first seen.
    pub hints: Vec<HintScore>,
    /// Packets whose hint is not in `hints`, because there are too many different ones.
    pub other_hints: u64,
}

/// What one queue sent with one hint, or without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HintScore {
    /// The hint; `None` for packets without.
    #[serde(serialize_with = "json::hint")]
    pub hint: Option<tph::tlp::Hint>,
    /// How many packets.
    pub writes: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The CPUs that the tag names, by what the firmware says; empty for tag 0 if no CPU has it.
    pub cpus: Vec<u32>,
    /// The caches that all of these CPUs share, the closest first.
    pub caches: Vec<CacheName>,
}

/// A cache, by level and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CacheName {
    /// Its level.
    pub level: u8,
    /// Its number on the host.
    pub id: u32,
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TlpRecord {
    /// Its number, from 0 since the record was last cleared.
    pub sequence: u64,
    /// The queue that sent it.
    pub queue: u16,
    /// Where it went.
    pub address: u64,
    /// How many bytes of data it had.
    pub bytes: u16,
    /// Its hint.
    #[serde(serialize_with = "json::hint")]
    pub hint: Option<tph::tlp::Hint>,
    /// Its header as it goes on the wire.
    #[serde(serialize_with = "json::header")]
    pub header: tph::tlp::HeaderBytes,
    /// Whether no memory was mapped there.
    pub fault: bool,
}

impl Scoreboard {
    /// The row of a queue.
    pub fn queue(&self, queue: u16) -> Option<&QueueScore> {
        self.queues.iter().find(|row| row.queue == queue)
    }
}

impl QueueScore {
    /// The one hint of all packets of the queue: `None` if it sent none or with different hints, and
    /// `Some(None)` if it sent all without.
    pub fn only_hint(&self) -> Option<Option<tph::tlp::Hint>> {
        match self.hints.as_slice() {
            [only] if self.other_hints == 0 => Some(only.hint),
            _ => None,
        }
    }
}
