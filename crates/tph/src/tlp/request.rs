//! Memory requests, apart from how they are framed.

use super::Hint;

/// Which memory request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// `MRd`.
    Read,
    /// `MWr`: posted, so that its tag is nobody's business.
    Write,
    /// `DMWr`.
    DeferrableWrite,
    /// `FetchAdd`.
    FetchAdd,
    /// `Swap`.
    Swap,
    /// `CAS`.
    CompareAndSwap,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Write,
        Self::DeferrableWrite,
        Self::FetchAdd,
        Self::Swap,
        Self::CompareAndSwap,
    ];

    /// Whether the spec gives the request byte enables; atomic operations have none.
    pub const fn has_byte_enables(self) -> bool {
        matches!(self, Self::Read | Self::Write | Self::DeferrableWrite)
    }
}

/// A length in dwords, 1 to 1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LengthDw(u16);

impl LengthDw {
    /// The most that one packet can have.
    pub const MAX: u16 = 1024;

    /// `dwords`, or `None` for 0 and for more than 1024.
    pub const fn new(dwords: u16) -> Option<Self> {
        if dwords == 0 || dwords > Self::MAX { None } else { Some(Self(dwords)) }
    }

    /// How many dwords.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The length field: 1024 is written as 0.
    pub(super) const fn field(self) -> u16 {
        self.0 & 0x3ff
    }

    /// What the low ten bits of `field` say.
    pub(super) const fn from_field(field: u16) -> Self {
        Self(match field & 0x3ff {
            0 => Self::MAX,
            dwords => dwords,
        })
    }
}

/// Which bytes of the first and of the last dword count, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteEnables {
    /// 1st DW BE, bits 3:0.
    pub first: u8,
    /// Last DW BE, bits 3:0; 0 in a request of one dword.
    pub last: u8,
}

impl ByteEnables {
    /// What a request of this length means if it cannot say it: every byte counts.
    pub const fn implied(length: LengthDw) -> Self {
        Self { first: 0xf, last: if length.get() == 1 { 0 } else { 0xf } }
    }

    pub(super) const fn byte(self) -> u8 {
        self.last << 4 | self.first & 0xf
    }

    pub(super) const fn from_byte(byte: u8) -> Self {
        Self { first: byte & 0xf, last: byte >> 4 }
    }
}

/// A piece of memory as one request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The address of the first dword, a multiple of 4.
    pub address: u64,
    /// How many dwords.
    pub length: LengthDw,
    /// Which of their bytes.
    pub byte_enables: ByteEnables,
}

impl Extent {
    /// The extent of `bytes` bytes at `address`. `None` for no byte at all, and for more than one
    /// request can have.
    pub const fn of(address: u64, bytes: u16) -> Option<Self> {
        let skip = (address & 3) as u16;
        let Some(end) = bytes.checked_add(skip) else {
            return None;
        };
        let Some(length) = LengthDw::new(end.div_ceil(4)) else {
            return None;
        };
        if bytes == 0 {
            return None;
        }
        let head = 0xf << skip & 0xf;
        let tail = 0xf >> (length.get() * 4 - end);
        let byte_enables = match length.get() {
            1 => ByteEnables { first: head & tail, last: 0 },
            _ => ByteEnables { first: head, last: tail },
        };
        Some(Self { address: address & !3, length, byte_enables })
    }
}

/// A memory request with or without a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryRequest {
    /// What it does.
    pub kind: RequestKind,
    /// To which memory.
    pub extent: Extent,
    /// Who asks: bus, device and function.
    pub requester_id: u16,
    /// Its transaction tag (not a steering tag), 10 bits in non-flit and 14 in flit mode.
    pub tag: u16,
    /// Its steering tag and processing hint, if it has them.
    pub hint: Option<Hint>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extent_names_exactly_its_bytes() {
        let cases = [
            (0, 4, Some((0, 1, 0xf, 0x0))),
            (1, 2, Some((0, 1, 0x6, 0x0))),
            (3, 2, Some((0, 2, 0x8, 0x1))),
            (4, 4096, Some((4, 1024, 0xf, 0xf))),
            (0x1002, 5, Some((0x1000, 2, 0xc, 0x7))),
            (1, 4096, None),
            (0, 0, None),
            (0, u16::MAX, None),
        ];
        for (address, bytes, expected) in cases {
            let found = Extent::of(address, bytes).map(|extent| {
                let ByteEnables { first, last } = extent.byte_enables;
                (extent.address, extent.length.get(), first, last)
            });
            assert_eq!(found, expected, "{bytes} bytes at {address:#x}");
        }
    }
}
