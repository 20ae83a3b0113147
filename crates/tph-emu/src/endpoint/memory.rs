//! Memory in a BAR: what an accelerator offers to its driver and to the packets of its peers.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tph::tlp::{self, Framing};

use crate::dma::Packet;
use crate::scoreboard::ReceivedTally;

/// The BAR of the memory.
pub(crate) const BAR: u8 = 4;

/// The memory of one function. Clones are the same memory: a peer that has it mapped holds one.
#[derive(Clone, Debug)]
pub(crate) struct LocalMemory {
    inner: Arc<Mutex<Inner>>,
    framing: Framing,
}

#[derive(Debug)]
struct Inner {
    bytes: Vec<u8>,
    received: ReceivedTally,
}

impl LocalMemory {
    /// `size` bytes, all 0, behind a link with this framing.
    pub(crate) fn new(size: u32, framing: Framing) -> Self {
        let bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        let inner = Inner { bytes, received: ReceivedTally::default() };
        Self { inner: Arc::new(Mutex::new(inner)), framing }
    }

    /// Reads the bytes at `offset`; outside of the memory they are all ones.
    pub(crate) fn read(&self, offset: u64, into: &mut [u8]) {
        into.fill(0xff);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in into.iter_mut().zip(self.lock().bytes.iter().skip(start)) {
            *to = *from;
        }
    }

    /// Writes the bytes at `offset`; those outside of the memory are dropped.
    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in self.lock().bytes.iter_mut().skip(start).zip(data) {
            *to = *from;
        }
    }

    /// Takes a packet that a peer sent. Its header is put in the framing of this function's link on
    /// the way, and read here as the function reads it.
    pub(crate) fn receive(&self, offset: u64, data: &[u8], packet: &Packet) -> io::Result<()> {
        let unsupported = |_| io::Error::from(io::ErrorKind::Unsupported);
        let (sent, _) = tlp::decode(packet.header.as_bytes(), packet.framing)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let header = tlp::encode(&sent, self.framing).map_err(unsupported)?;
        let mut inner = self.lock();
        let end = offset.checked_add(data.len() as u64);
        if end.is_none_or(|end| end > inner.bytes.len() as u64) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        inner.received.record(&header, self.framing, data.len());
        drop(inner);
        self.write(offset, data);
        Ok(())
    }

    /// What was received.
    pub(crate) fn received(&self) -> ReceivedTally {
        self.lock().received.clone()
    }

    /// Forgets what was received.
    pub(crate) fn clear_record(&self) {
        self.lock().received = ReceivedTally::default();
    }

    /// Every byte 0.
    pub(crate) fn clear(&self) {
        self.lock().bytes.fill(0);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph::tlp::{Extent, Hint, MemoryRequest, RequestKind};
    use tph::{ProcessingHint, SteeringTag, Tag16};

    fn packet(framing: Framing, hint: Option<Hint>) -> Packet {
        let extent = Extent::of(0x2000, 8).unwrap();
        let kind = RequestKind::Write;
        let request = MemoryRequest { kind, extent, requester_id: 0x0108, tag: 0, hint };
        Packet { header: tlp::encode(&request, framing).unwrap(), framing }
    }

    #[test]
    fn a_packet_arrives_with_its_hint_whatever_frames_the_links() {
        let tag = SteeringTag::Extended(Tag16(0xa5f0));
        let hint = Some(Hint::new(tag, ProcessingHint::Target));
        for sender in [Framing::NonFlit, Framing::Flit] {
            for receiver in [Framing::NonFlit, Framing::Flit] {
                let memory = LocalMemory::new(0x1000, receiver);
                for _ in 0..2 {
                    memory.receive(0xff8, &[7; 8], &packet(sender, hint)).unwrap();
                }
                memory.receive(0, &[7; 8], &packet(sender, None)).unwrap();
                let board = memory.received().board("accel", "2:0.0".parse().unwrap());
                let rows: Vec<_> =
                    board.rows.iter().map(|row| (row.hint, row.writes, row.bytes)).collect();
                assert_eq!(rows, [(hint, 2, 16), (None, 1, 8)]);
                assert_eq!(board.rows[0].sender, "01:01.0");
            }
        }
    }

    #[test]
    fn a_packet_past_the_end_is_refused_and_not_counted() {
        let memory = LocalMemory::new(0x1000, Framing::NonFlit);
        for offset in [0xff9, 0x1000, u64::MAX] {
            memory.receive(offset, &[7; 8], &packet(Framing::NonFlit, None)).unwrap_err();
        }
        let mut bytes = [1; 8];
        memory.read(0xff8, &mut bytes);
        assert_eq!(bytes, [0; 8]);
        assert_eq!(memory.received().board("accel", "2:0.0".parse().unwrap()).rows, []);
    }

    #[test]
    fn bytes_of_any_width_are_kept_and_the_outside_reads_as_ones() {
        let memory = LocalMemory::new(0x1000, Framing::NonFlit);
        memory.write(0xffd, &[1, 2, 3, 4]);
        let mut bytes = [0; 5];
        memory.read(0xffc, &mut bytes);
        assert_eq!(bytes, [0, 1, 2, 3, 0xff]);
        memory.clear();
        memory.read(0xffd, &mut bytes[..3]);
        assert_eq!(bytes[..3], [0; 3]);
    }
}
