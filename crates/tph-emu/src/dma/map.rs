//! Which memory lies at which I/O virtual address.

use std::collections::BTreeMap;
use std::fmt;

use super::{Memory, Packet};

/// Memory cannot be mapped or reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DmaError {
    /// A mapping is there already, in part or whole.
    #[error("I/O addresses {iova:#x} to {end:#x} overlap a mapping; unmap that first")]
    Overlap {
        /// Where the new mapping would start.
        iova: u64,
        /// Its last address.
        end: u64,
    },
    /// It has no bytes or reaches past the end of the address space.
    #[error("{size} bytes cannot be mapped at {iova:#x}; map 1 or more inside of 64 bits")]
    BadSize {
        /// Where it would start.
        iova: u64,
        /// How many bytes.
        size: u64,
    },
    /// Nothing is mapped there.
    #[error("nothing is mapped at {iova:#x}")]
    NotMapped {
        /// The address.
        iova: u64,
    },
    /// The memory there refused the write.
    #[error("the memory mapped at {iova:#x} refused the write")]
    Refused {
        /// The address.
        iova: u64,
    },
    /// More mappings than there can be.
    #[error("there are {0} mappings already; unmap some")]
    TooMany(usize),
}

struct Mapping {
    size: u64,
    memory: Box<dyn Memory>,
}

/// The mappings of one function.
#[derive(Default)]
pub struct IoMap {
    mappings: BTreeMap<u64, Mapping>,
}

impl IoMap {
    /// The most mappings at a time, as many as the type 1 IOMMU of Linux allows.
    pub const MAX_MAPPINGS: usize = 65_535;

    /// Maps all of `memory` at `iova`.
    ///
    /// # Errors
    /// [`DmaError`] if it has no place there.
    pub fn map(&mut self, iova: u64, memory: Box<dyn Memory>) -> Result<(), DmaError> {
        let size = memory.size();
        let last = size.checked_sub(1).and_then(|reach| iova.checked_add(reach));
        let end = last.ok_or(DmaError::BadSize { iova, size })?;
        if self.mappings.len() >= Self::MAX_MAPPINGS {
            return Err(DmaError::TooMany(self.mappings.len()));
        }
        let before = self.mappings.range(..=end).next_back();
        if before.is_some_and(|(start, mapping)| start + (mapping.size - 1) >= iova) {
            return Err(DmaError::Overlap { iova, end });
        }
        self.mappings.insert(iova, Mapping { size, memory });
        Ok(())
    }

    /// Takes away every mapping that lies wholly in the `size` bytes from `iova` on, and says how
    /// many bytes those were.
    pub fn unmap(&mut self, iova: u64, size: u64) -> u64 {
        let Some(last) = size.checked_sub(1).map(|reach| iova.saturating_add(reach)) else {
            return 0;
        };
        let inside: Vec<u64> = self
            .mappings
            .range(iova..=last)
            .filter(|(start, mapping)| *start + (mapping.size - 1) <= last)
            .map(|(start, _)| *start)
            .collect();
        inside.iter().filter_map(|start| self.mappings.remove(start)).map(|gone| gone.size).sum()
    }

    /// Takes away every mapping.
    pub fn clear(&mut self) {
        self.mappings.clear();
    }

    /// Writes `data`, which came in `packet`, at `iova`, across mappings if need be; nothing is
    /// written if a byte of it has no memory.
    ///
    /// # Errors
    /// [`DmaError::NotMapped`] with the first address that has no memory, or
    /// [`DmaError::Refused`].
    pub fn write(&mut self, iova: u64, data: &[u8], packet: &Packet) -> Result<(), DmaError> {
        let length = data.len() as u64;
        let mut covered = 0;
        while covered < length {
            let at = iova.checked_add(covered).ok_or(DmaError::NotMapped { iova })?;
            covered += self.mapped_from(at).ok_or(DmaError::NotMapped { iova: at })?;
        }
        let (mut at, mut rest) = (iova, data);
        while !rest.is_empty() {
            let mapping = self.mappings.range_mut(..=at).next_back();
            let (start, mapping) = mapping.ok_or(DmaError::NotMapped { iova: at })?;
            let offset = at - start;
            let room = usize::try_from(mapping.size - offset).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(rest.len().min(room));
            let taken = mapping.memory.write(offset, now, packet);
            taken.map_err(|_| DmaError::Refused { iova: at })?;
            at = at.wrapping_add(now.len() as u64);
            rest = later;
        }
        Ok(())
    }

    /// How many bytes from `iova` on lie in one mapping; `None` for none.
    fn mapped_from(&self, iova: u64) -> Option<u64> {
        let (start, mapping) = self.mappings.range(..=iova).next_back()?;
        mapping.size.checked_sub(iova - start).filter(|left| *left > 0)
    }
}

impl fmt::Debug for IoMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.mappings.iter().map(|(iova, m)| (iova, m.size))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::SharedMemory;
    use super::*;
    use tph::tlp;

    fn packet() -> Packet {
        let extent = tlp::Extent::of(0, 4).unwrap();
        let kind = tlp::RequestKind::Write;
        let request = tlp::MemoryRequest { kind, extent, requester_id: 0, tag: 0, hint: None };
        let framing = tlp::Framing::NonFlit;
        Packet { header: tlp::encode(&request, framing).unwrap(), framing }
    }

    fn map(places: &[(u64, usize)]) -> (IoMap, Vec<SharedMemory>) {
        let mut map = IoMap::default();
        let memories: Vec<_> = places.iter().map(|&(_, size)| SharedMemory::new(size)).collect();
        for ((iova, _), memory) in places.iter().zip(&memories) {
            map.map(*iova, Box::new(memory.clone())).unwrap();
        }
        (map, memories)
    }

    #[test]
    fn a_write_crosses_mappings_that_touch() {
        let (mut map, memories) = map(&[(0x1000, 16), (0x1010, 16)]);
        map.write(0x100e, &[1, 2, 3, 4], &packet()).unwrap();
        assert_eq!(memories[0].read(14, 2).unwrap(), [1, 2]);
        assert_eq!(memories[1].read(0, 2).unwrap(), [3, 4]);
    }

    #[test]
    fn a_write_that_is_not_mapped_in_whole_writes_nothing() {
        let (mut map, memories) = map(&[(0x1000, 16)]);
        assert_eq!(
            map.write(0x100e, &[1; 4], &packet()),
            Err(DmaError::NotMapped { iova: 0x1010 })
        );
        assert_eq!(map.write(0xfff, &[1; 4], &packet()), Err(DmaError::NotMapped { iova: 0xfff }));
        assert_eq!(memories[0].read(0, 16).unwrap(), [0; 16]);
    }

    #[test]
    fn mappings_do_not_overlap() {
        let (mut map, _) = map(&[(0x1000, 0x1000)]);
        for (iova, size, ok) in [
            (0x0, 0x1000, true),
            (0x2000, 1, true),
            (0xfff, 1, false),
            (0x1fff, 1, false),
            (0x1800, 0x10, false),
            (0x2001, 0, false),
            (u64::MAX, 2, false),
            (u64::MAX, 1, true),
        ] {
            let memory = Box::new(SharedMemory::new(size));
            assert_eq!(map.map(iova, memory).is_ok(), ok, "{size:#x} at {iova:#x}");
        }
        map.write(u64::MAX, &[1], &packet()).unwrap();
    }

    #[test]
    fn unmapping_takes_whole_mappings_only() {
        let (mut map, _) = map(&[(0x1000, 0x1000), (0x2000, 0x1000), (0x4000, 0x1000)]);
        assert_eq!(map.unmap(0x1000, 0x1800), 0x1000);
        assert_eq!(map.unmap(0x1000, 0), 0);
        assert_eq!(map.unmap(0, u64::MAX), 0x2000);
    }
}
