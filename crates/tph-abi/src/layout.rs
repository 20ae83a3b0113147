//! Every byte of a request: structures, fields, offsets. Numbers are little-endian, whatever the
//! machine that this is built for.

pub mod dma_buf;

/// One field of a structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in C.
    pub name: &'static str,
    /// Where it starts in its structure, in bytes.
    pub offset: usize,
    /// How long each of its elements is: 1, 2 or 4 bytes.
    pub size: usize,
    /// How many elements: 1 unless it is an array.
    pub count: usize,
    /// Whether C has it as a signed number.
    pub signed: bool,
    /// What it says, for the C header.
    pub meaning: &'static str,
}

/// One structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its name in C.
    pub name: &'static str,
    /// How long it is, without a flexible array at its end.
    pub size: usize,
    /// Its fields, without gaps.
    pub fields: &'static [Field],
    /// What it is, for the C header.
    pub meaning: &'static str,
}

impl Field {
    const fn new(
        name: &'static str,
        offset: usize,
        size: usize,
        count: usize,
        meaning: &'static str,
    ) -> Self {
        Self { name, offset, size, count, signed: false, meaning }
    }

    /// A file descriptor.
    const fn descriptor(name: &'static str, offset: usize, meaning: &'static str) -> Self {
        Self { signed: true, ..Self::new(name, offset, 4, 1, meaning) }
    }

    /// Where it ends in its structure.
    pub const fn end(self) -> usize {
        self.offset + self.size * self.count
    }

    /// Its bytes in the structure that starts at `base` of `bytes`, `None` past the end.
    pub fn bytes(self, bytes: &[u8], base: usize) -> Option<&[u8]> {
        bytes.get(base.checked_add(self.offset)?..base.checked_add(self.end())?)
    }

    /// Its value in the structure that starts at `base` of `bytes`; `None` past the end, and for
    /// arrays over 4 bytes.
    pub fn read(self, bytes: &[u8], base: usize) -> Option<u32> {
        let mut value = [0; 4];
        let field = self.bytes(bytes, base)?;
        value.get_mut(..field.len())?.copy_from_slice(field);
        Some(u32::from_le_bytes(value))
    }

    /// Puts the low bytes of `value` in it; does nothing past the end.
    pub fn write(self, bytes: &mut [u8], base: usize, value: u32) {
        let value = value.to_le_bytes();
        let range = base.saturating_add(self.offset)..base.saturating_add(self.end());
        if let (Some(field), Some(value)) = (bytes.get_mut(range), value.get(..self.size)) {
            if field.len() == value.len() {
                field.copy_from_slice(value);
            }
        }
    }

    /// Whether all its bytes are there and 0.
    pub fn is_zero(self, bytes: &[u8], base: usize) -> bool {
        self.bytes(bytes, base).is_some_and(|field| field.iter().all(|byte| *byte == 0))
    }
}

/// What every request starts with.
pub mod op {
    use super::{Field, Layout};

    /// Bytes that the caller has for the request; more than it needs is accepted.
    pub const ARGSZ: Field =
        Field::new("argsz", 0, 4, 1, "bytes of this request, with what follows");
    /// What to do.
    pub const OP: Field = Field::new("op", 4, 4, 1, "one of VFIO_PCI_TPH_GET_CAP and following");

    /// `struct vfio_device_pci_tph_op`; in C a union of the other structures ends it.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_device_pci_tph_op",
        size: 8,
        fields: &[ARGSZ, OP],
        meaning: "A request: a head, then what the operation needs (DISABLE: nothing)",
    };
}

/// The answer to `GET_CAP`.
pub mod cap {
    use super::{Field, Layout};

    /// Modes that the device can be put in.
    pub const SUPPORTED_MODES: Field =
        Field::new("supported_modes", 0, 1, 1, "out: VFIO_PCI_TPH_MODE_* bits");
    /// Zero.
    pub const RESERVED0: Field = Field::new("reserved0", 1, 1, 1, "out: 0");
    /// Size of the ST table.
    pub const ST_TABLE_SZ: Field =
        Field::new("st_table_sz", 2, 2, 1, "out: entries of the ST table, 0 without one");
    /// Zero.
    pub const RESERVED: Field = Field::new("reserved", 4, 4, 1, "out: 0");

    /// `struct vfio_pci_tph_cap`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_cap",
        size: 8,
        fields: &[SUPPORTED_MODES, RESERVED0, ST_TABLE_SZ, RESERVED],
        meaning: "What GET_CAP answers",
    };
}

/// The argument of `ENABLE`.
pub mod ctrl {
    use super::{Field, Layout};

    /// The mode to enable.
    pub const MODE: Field = Field::new("mode", 0, 1, 1, "in: one VFIO_PCI_TPH_MODE_* bit");
    /// Must be zero.
    pub const RESERVED: Field = Field::new("reserved", 1, 1, 7, "in: must be 0");

    /// `struct vfio_pci_tph_ctrl`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_ctrl",
        size: 8,
        fields: &[MODE, RESERVED],
        meaning: "What ENABLE takes",
    };
}

/// The argument of `GET_ST` and `SET_ST`; entries follow.
pub mod st {
    use super::{Field, Layout};

    /// How many entries follow.
    pub const COUNT: Field = Field::new("count", 0, 4, 1, "in: entries, 1 to 2048");
    /// Must be zero.
    pub const RESERVED: Field = Field::new("reserved", 4, 4, 1, "in: must be 0");

    /// `struct vfio_pci_tph_st`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_st",
        size: 8,
        fields: &[COUNT, RESERVED],
        meaning: "What GET_ST and SET_ST take",
    };
}

/// One entry of `GET_ST` and `SET_ST`.
pub mod entry {
    use super::{Field, Layout};

    /// The CPU to steer to.
    pub const CPU: Field =
        Field::new("cpu", 0, 4, 1, "in: logical CPU; SET_ST: VFIO_PCI_TPH_CLEAR clears");
    /// The kind of memory.
    pub const MEM_TYPE: Field = Field::new("mem_type", 4, 1, 1, "in: VFIO_PCI_TPH_MEM_*");
    /// Must be zero.
    pub const RESERVED0: Field = Field::new("reserved0", 5, 1, 1, "in: must be 0");
    /// Which entry of the table.
    pub const INDEX: Field = Field::new("index", 6, 2, 1, "in: SET_ST: entry of the ST table");
    /// The tag.
    pub const ST: Field = Field::new("st", 8, 2, 1, "out: GET_ST: the steering tag");
    /// Must be zero.
    pub const RESERVED1: Field = Field::new("reserved1", 10, 2, 1, "in: must be 0");

    /// `struct vfio_pci_tph_entry`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_entry",
        size: 12,
        fields: &[CPU, MEM_TYPE, RESERVED0, INDEX, ST, RESERVED1],
        meaning: "One CPU and its tag",
    };
}

/// One entry of `GET_ENTRIES`, as long as one of `GET_ST`.
pub mod entry_state {
    use super::{Field, Layout};

    /// The CPU that it was programmed for.
    pub const CPU: Field =
        Field::new("cpu", 0, 4, 1, "out: logical CPU; VFIO_PCI_TPH_CLEAR: not in use");
    /// The kind of memory.
    pub const MEM_TYPE: Field = Field::new("mem_type", 4, 1, 1, "out: VFIO_PCI_TPH_MEM_*");
    /// What became of it.
    pub const STATE: Field = Field::new("state", 5, 1, 1, "out: VFIO_PCI_TPH_ENTRY_* bits");
    /// Which entry of the table.
    pub const INDEX: Field = Field::new("index", 6, 2, 1, "in: entry of the ST table");
    /// Must be zero.
    pub const RESERVED: Field = Field::new("reserved", 8, 4, 1, "in: must be 0");

    /// `struct vfio_pci_tph_entry_state`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_entry_state",
        size: super::entry::LAYOUT.size,
        fields: &[CPU, MEM_TYPE, STATE, INDEX, RESERVED],
        meaning: "What an entry of the ST table was programmed for",
    };
}

/// The argument of `GET_ENTRIES`; entries follow. Its head is that of `GET_ST`.
pub mod entries {
    use super::{Layout, st};

    /// `struct vfio_pci_tph_entries`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_entries",
        meaning: "What GET_ENTRIES takes (of vfio-tph, not of the kernel series)",
        ..st::LAYOUT
    };
}

/// All structures, each after those that it holds.
pub const LAYOUTS: [Layout; 10] = [
    cap::LAYOUT,
    ctrl::LAYOUT,
    entry::LAYOUT,
    st::LAYOUT,
    entry_state::LAYOUT,
    entries::LAYOUT,
    op::LAYOUT,
    dma_buf::get::LAYOUT,
    dma_buf::single::LAYOUT,
    dma_buf::apart::LAYOUT,
];

/// Where the part that depends on the operation starts.
pub const BODY: usize = op::LAYOUT.size;
/// How long a request without entries is.
pub const FIXED_SIZE: usize = BODY + cap::LAYOUT.size;

/// How long a request with `count` entries is, of `GET_ST`, `SET_ST` and `GET_ENTRIES`.
pub const fn st_size(count: usize) -> usize {
    FIXED_SIZE.saturating_add(count.saturating_mul(entry::LAYOUT.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_no_gaps() {
        for layout in LAYOUTS {
            let mut end = 0;
            for field in layout.fields {
                assert_eq!(field.offset, end, "{}.{}", layout.name, field.name);
                assert_eq!(field.offset % field.size, 0, "{}.{}", layout.name, field.name);
                end = field.end();
            }
            assert_eq!(end, layout.size, "{}", layout.name);
        }
    }

    #[test]
    fn a_descriptor_is_a_signed_number_and_nothing_else_is() {
        let (number, descriptor) = (Field::new("n", 8, 4, 1, ""), Field::descriptor("n", 8, ""));
        assert_eq!(descriptor, Field { signed: true, ..number });
        assert_eq!((number.signed, number.end()), (false, 12));
    }

    #[test]
    fn fields_past_the_end_are_not_there() {
        let mut bytes = [0xff; 5];
        assert_eq!(op::OP.read(&bytes, 0), None);
        assert_eq!(op::OP.read(&bytes, usize::MAX), None);
        op::OP.write(&mut bytes, 0, 0);
        op::OP.write(&mut bytes, usize::MAX, 0);
        assert_eq!(bytes, [0xff; 5]);
        assert!(!op::OP.is_zero(&[0; 7], 0));
    }
}
