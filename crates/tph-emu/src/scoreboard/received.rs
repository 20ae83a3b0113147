//! What a function received from its peers, read from the headers that arrived.

use serde::Serialize;
use tph::Bdf;
use tph::tlp::{self, Framing, HeaderBytes, Hint};

use super::json;

/// How many different pairs of sender and hint are summed up apart.
const ROWS: usize = 256;

/// What the memory of a function received from its peers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceivedBoard {
    /// The name of the function.
    pub function: String,
    /// Its address.
    pub bdf: String,
    /// A row for each sender and hint, in the order in which they were first seen.
    pub rows: Vec<ReceivedScore>,
    /// Packets that are in no row, because there are too many different ones.
    pub other: u64,
}

/// What came from one sender with one hint, or without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceivedScore {
    /// The address of the sender on its segment, such as `01:00.0`, from the requester ID.
    pub sender: String,
    /// The hint; `None` for packets without.
    #[serde(serialize_with = "json::hint")]
    pub hint: Option<Hint>,
    /// How many packets.
    pub writes: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The header of the first of them as it arrived.
    #[serde(serialize_with = "json::header")]
    pub first_header: HeaderBytes,
}

/// What arrived, as it is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReceivedTally {
    rows: Vec<Row>,
    other: u64,
}

#[derive(Clone, Debug)]
struct Row {
    requester_id: u16,
    hint: Option<Hint>,
    writes: u64,
    bytes: u64,
    first_header: HeaderBytes,
}

impl ReceivedTally {
    /// Counts a packet by what its header says.
    pub(crate) fn record(&mut self, header: &HeaderBytes, framing: Framing, bytes: usize) {
        let Ok((request, _)) = tlp::decode(header.as_bytes(), framing) else {
            self.other += 1;
            return;
        };
        let key = (request.requester_id, request.hint);
        let known = self.rows.iter_mut().find(|row| (row.requester_id, row.hint) == key);
        if let Some(row) = known {
            row.writes += 1;
            row.bytes += bytes as u64;
        } else if self.rows.len() < ROWS {
            let (requester_id, hint) = key;
            let (writes, bytes) = (1, bytes as u64);
            self.rows.push(Row { requester_id, hint, writes, bytes, first_header: *header });
        } else {
            self.other += 1;
        }
    }

    pub(crate) fn board(&self, name: &str, bdf: Bdf) -> ReceivedBoard {
        let rows = self.rows.iter().map(|row| ReceivedScore {
            sender: sender(row.requester_id),
            hint: row.hint,
            writes: row.writes,
            bytes: row.bytes,
            first_header: row.first_header,
        });
        ReceivedBoard {
            function: name.to_owned(),
            bdf: bdf.to_string(),
            rows: rows.collect(),
            other: self.other,
        }
    }
}

/// Bus, device and function as they are written.
fn sender(requester_id: u16) -> String {
    let [low, bus] = requester_id.to_le_bytes();
    format!("{bus:02x}:{:02x}.{}", low >> 3, low & 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph::tlp::{Extent, MemoryRequest, RequestKind};
    use tph::{ProcessingHint, SteeringTag, Tag16};

    #[test]
    fn the_json_form_is_the_one_that_is_documented() {
        let tag = SteeringTag::Extended(Tag16(0xf0));
        let hint = Some(Hint::new(tag, ProcessingHint::Target));
        let mut tally = ReceivedTally::default();
        for n in 0..4 {
            let extent = Extent::of(0x1_0000_0000 + 256 * n, 256).unwrap();
            let kind = RequestKind::Write;
            let request = MemoryRequest { kind, extent, requester_id: 0x100, tag: 0, hint };
            let header = tlp::encode(&request, Framing::NonFlit).unwrap();
            tally.record(&header, Framing::NonFlit, 256);
        }
        let json = serde_json::to_string(&tally.board("accel", "2:0.0".parse().unwrap())).unwrap();
        let documented = include_str!("../../../../docs/endpoint.md").split("```json\n").nth(2);
        let documented = documented.unwrap().split("```").next().unwrap();
        let documented: serde_json::Value = serde_json::from_str(documented).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), documented);
    }
}
