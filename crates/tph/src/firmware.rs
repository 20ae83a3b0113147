//! Where tags come from: the `_DSM` method of the host bridge, asked for each CPU.
//!
//! The method and its answer are those of the PCI-SIG ECN "Revised _DSM for Cache Locality TPH
//! Features" as Linux uses them (`drivers/pci/tph.c`, `tph_invoke_dsm`).

use core::fmt;

use crate::{AcpiUid, MemoryType, RequesterType, SteeringTag, Tag8, Tag16};

/// One evaluation of the `_DSM` under the host bridge above the root port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DsmCall {
    /// Function 0: which functions are there?
    Functions,
    /// Function 0xF: which tags stand for this processor?
    ProcessorTags(AcpiUid),
}

impl DsmCall {
    /// E5C937D0-3553-4D7A-9117-EA4D19C3434D, in the mixed byte order of an ACPI buffer.
    pub const GUID: [u8; 16] = [
        0xd0, 0x37, 0xc9, 0xe5, 0x53, 0x35, 0x7a, 0x4d, 0x91, 0x17, 0xea, 0x4d, 0x19, 0xc3, 0x43,
        0x4d,
    ];
    /// The revision of the interface that both calls name.
    pub const REVISION: u64 = 7;
    /// The function that answers with tags.
    pub const TAGS_FUNCTION: u64 = 0xf;
    /// How many bytes of an answer count.
    pub const ANSWER_SIZE: usize = 8;

    /// The function number to call.
    pub const fn function(self) -> u64 {
        match self {
            Self::Functions => 0,
            Self::ProcessorTags(_) => Self::TAGS_FUNCTION,
        }
    }

    /// The integers of the package that is the method's fourth argument: the feature (0, tags of a
    /// processor's cache), the processor, and its properties (none). Function 0 takes an empty one.
    pub const fn arguments(self) -> Option<[u64; 3]> {
        match self {
            Self::Functions => None,
            Self::ProcessorTags(uid) => Some([0, uid.0 as u64, 0]),
        }
    }

    /// A number for who keeps answers: until CPUs come or go, calls of one host bridge with the same
    /// key have the same answer. No two different calls have the same.
    pub const fn key(self) -> u64 {
        match self {
            Self::Functions => 0,
            Self::ProcessorTags(uid) => 1 + uid.0 as u64,
        }
    }

    /// Whether the answer to [`Functions`](Self::Functions), a bit map of up to 8 bytes, says that
    /// the method gives tags: bit 0 (any function at all) and bit 15.
    pub fn gives_tags(answer: &[u8]) -> bool {
        let byte = |index| answer.get(index).copied().unwrap_or(0);
        byte(0) & 1 != 0 && byte(1) & 0x80 != 0
    }
}

/// Why firmware gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirmwareError {
    /// No root port lies above the function, so there is no host bridge to ask.
    NoRootPort,
    /// The host bridge has no ACPI object, or no method that gives tags.
    Absent,
    /// The CPU has no ACPI UID.
    NoUid,
    /// The method failed, or answered something else than 8 bytes or more.
    Failed,
}

impl fmt::Display for FirmwareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRootPort => "no root port lies above the device, so no firmware names tags",
            Self::Absent => "the firmware of this host names no tags",
            Self::NoUid => "the CPU has no ACPI UID to ask the firmware for",
            Self::Failed => "the firmware's method failed",
        })
    }
}

impl core::error::Error for FirmwareError {}

/// The 64 bits that firmware answers for one processor: up to four tags, each with a valid bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct TagWord(pub u64);

impl TagWord {
    /// Reads the buffer that the method returned; bytes past the eighth are ignored.
    ///
    /// # Errors
    /// [`FirmwareError::Failed`] if it is shorter than 8 bytes.
    pub fn from_answer(answer: &[u8]) -> Result<Self, FirmwareError> {
        let bytes = answer.first_chunk().ok_or(FirmwareError::Failed)?;
        Ok(Self(u64::from_le_bytes(*bytes)))
    }

    /// The tag for this kind of memory and this requester, `None` if firmware did not mark it
    /// valid. A valid tag may be 0.
    pub const fn tag(self, memory: MemoryType, requester: RequesterType) -> Option<SteeringTag> {
        let half = self.half(memory);
        match requester {
            RequesterType::Tph if half & 1 != 0 => {
                Some(SteeringTag::Standard(Tag8((half >> 8 & 0xff) as u8)))
            }
            RequesterType::ExtendedTph if half & 2 != 0 => {
                Some(SteeringTag::Extended(Tag16((half >> 16 & 0xffff) as u16)))
            }
            _ => None,
        }
    }

    /// Whether firmware says that processing hints make no difference for this kind of memory.
    pub const fn hint_ignored(self, memory: MemoryType) -> bool {
        self.half(memory) & 4 != 0
    }

    /// The same word with `tag` for this kind of memory, marked valid.
    #[must_use]
    pub const fn with_tag(self, memory: MemoryType, tag: SteeringTag) -> Self {
        let (mask, bits) = match tag {
            SteeringTag::Standard(tag) => (0xff01, 1 | (tag.0 as u64) << 8),
            SteeringTag::Extended(tag) => (0xffff_0002, 2 | (tag.0 as u64) << 16),
        };
        Self(self.0 & !(mask << Self::shift(memory)) | bits << Self::shift(memory))
    }

    /// The same word, saying that hints are ignored for this kind of memory.
    #[must_use]
    pub const fn with_hint_ignored(self, memory: MemoryType) -> Self {
        Self(self.0 | 4 << Self::shift(memory))
    }

    const fn half(self, memory: MemoryType) -> u64 {
        self.0 >> Self::shift(memory) & 0xffff_ffff
    }

    const fn shift(memory: MemoryType) -> u32 {
        match memory {
            MemoryType::Volatile => 0,
            MemoryType::Persistent => 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: [MemoryType; 2] = [MemoryType::Volatile, MemoryType::Persistent];

    #[test]
    fn each_tag_has_its_bits() {
        // Bits of reference: vm_st 15:8, vm_xst 31:16, pm_st 47:40, pm_xst 63:48.
        let word = TagWord(0xd4d3_c203_b2b1_a103);
        let tag = |memory, requester| word.tag(memory, requester).map(SteeringTag::entry_bits);
        assert_eq!(tag(MemoryType::Volatile, RequesterType::Tph), Some(0xa1));
        assert_eq!(tag(MemoryType::Volatile, RequesterType::ExtendedTph), Some(0xb2b1));
        assert_eq!(tag(MemoryType::Persistent, RequesterType::Tph), Some(0xc2));
        assert_eq!(tag(MemoryType::Persistent, RequesterType::ExtendedTph), Some(0xd4d3));
    }

    #[test]
    fn a_tag_without_its_valid_bit_is_no_tag() {
        let all = TagWord(u64::MAX);
        let cases = [
            (0, MemoryType::Volatile, RequesterType::Tph),
            (1, MemoryType::Volatile, RequesterType::ExtendedTph),
            (32, MemoryType::Persistent, RequesterType::Tph),
            (33, MemoryType::Persistent, RequesterType::ExtendedTph),
        ];
        for (bit, memory, requester) in cases {
            assert_eq!(TagWord(all.0 & !(1 << bit)).tag(memory, requester), None);
            assert!(TagWord(1 << bit).tag(memory, requester).is_some_and(|t| t.entry_bits() == 0));
        }
    }

    #[test]
    fn what_is_put_in_is_read_back_and_nothing_else_changes() {
        let tags = [SteeringTag::Standard(Tag8(0x5a)), SteeringTag::Extended(Tag16(0xc33c))];
        for start in [TagWord(0), TagWord(u64::MAX)] {
            for memory in MEMORY {
                for tag in tags {
                    let word = start.with_tag(memory, tag);
                    assert_eq!(word.tag(memory, tag.requester_type()), Some(tag));
                    assert_eq!(word.hint_ignored(memory), start.hint_ignored(memory));
                }
                assert!(start.with_hint_ignored(memory).hint_ignored(memory));
            }
        }
        assert_eq!(MEMORY.iter().fold(TagWord(0), |w, m| w.with_hint_ignored(*m)).0, 4 << 32 | 4);
    }

    #[test]
    fn hints_are_ignored_for_the_memory_whose_bit_says_so() {
        for (memory, bit) in [(MemoryType::Volatile, 2), (MemoryType::Persistent, 34)] {
            assert!(TagWord(1 << bit).hint_ignored(memory));
            assert!(!TagWord(!(1 << bit)).hint_ignored(memory));
        }
    }

    #[test]
    fn an_answer_is_eight_bytes_or_more() {
        assert_eq!(TagWord::from_answer(&[0; 7]), Err(FirmwareError::Failed));
        let word = TagWord::from_answer(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(word, Ok(TagWord(0x0807_0605_0403_0201)));
    }

    #[test]
    fn tags_are_offered_by_bits_0_and_15() {
        for (answer, expected) in
            [(&[0x01, 0x80][..], true), (&[0x00, 0x80], false), (&[0x01], false), (&[], false)]
        {
            assert_eq!(DsmCall::gives_tags(answer), expected);
        }
    }
}
