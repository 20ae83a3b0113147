//! What a request says beside its tag, and which kind of memory it goes to.

use core::fmt;

/// The two Processing Hint bits of a request (PCIe 6.x, 2.2.7.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum ProcessingHint {
    /// 00b: host and device both read and write the data.
    #[default]
    Bidirectional = 0,
    /// 01b: mostly the device reads and writes it.
    Requester = 1,
    /// 10b: mostly the host (the target) reads and writes it.
    Target = 2,
    /// 11b: as [`Target`](Self::Target), and the data will be used again soon.
    TargetWithPriority = 3,
}

impl ProcessingHint {
    /// All four hints, in the order of their encoding.
    pub const ALL: [Self; 4] =
        [Self::Bidirectional, Self::Requester, Self::Target, Self::TargetWithPriority];

    /// The hint with encoding `bits`, or `None` if `bits` is over 3.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Bidirectional),
            1 => Some(Self::Requester),
            2 => Some(Self::Target),
            3 => Some(Self::TargetWithPriority),
            _ => None,
        }
    }

    /// The encoding, 0 to 3.
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// The hint that lies in the low two bits of `bits`; the others are ignored.
    pub const fn from_low_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Bidirectional,
            1 => Self::Requester,
            2 => Self::Target,
            _ => Self::TargetWithPriority,
        }
    }
}

impl fmt::Display for ProcessingHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bidirectional => "bidirectional",
            Self::Requester => "requester",
            Self::Target => "target",
            Self::TargetWithPriority => "target with priority",
        })
    }
}

/// The kind of memory that a tagged request goes to: firmware names a tag for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MemoryType {
    /// Ordinary memory (`TPH_MEM_TYPE_VM` in Linux).
    #[default]
    Volatile,
    /// Persistent memory (`TPH_MEM_TYPE_PM` in Linux).
    Persistent,
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Volatile => "volatile",
            Self::Persistent => "persistent",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hint_has_its_encoding_and_no_other() {
        for bits in 0..=u8::MAX {
            let expected = ProcessingHint::ALL.into_iter().find(|hint| hint.bits() == bits);
            assert_eq!(ProcessingHint::from_bits(bits), expected);
            assert_eq!(ProcessingHint::from_low_bits(bits).bits(), bits & 3);
        }
    }
}
