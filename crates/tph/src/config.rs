//! Configuration space: how it is reached and how its lists of capabilities are walked.

use core::fmt;

/// The offset of a dword in configuration space: a multiple of 4 below 0x1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigOffset(u16);

impl ConfigOffset {
    /// Where the list of extended capabilities starts.
    pub const EXTENDED: Self = Self(0x100);
    /// How many bytes of configuration space a PCI Express function has.
    pub const SPACE: u16 = 0x1000;

    /// The dword at `offset`, or `None` if that is no multiple of 4 below 0x1000.
    pub const fn new(offset: u16) -> Option<Self> {
        if offset % 4 == 0 && offset < Self::SPACE { Some(Self(offset)) } else { None }
    }

    /// The offset in bytes.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The dword `bytes` further on, or `None` past the end or off the grid.
    pub const fn checked_add(self, bytes: u16) -> Option<Self> {
        match self.0.checked_add(bytes) {
            Some(offset) => Self::new(offset),
            None => None,
        }
    }
}

impl fmt::Display for ConfigOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#05x}", self.0)
    }
}

/// A register could not be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessError {
    /// The function does not answer: unplugged, or its link is down.
    Gone,
    /// The access failed for another reason.
    Failed,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "the device does not answer",
            Self::Failed => "the register access failed",
        })
    }
}

impl core::error::Error for AccessError {}

/// Configuration space of one function, a dword at a time.
pub trait ConfigSpace {
    /// Reads the dword at `offset`.
    ///
    /// # Errors
    /// [`AccessError`] if the function could not be asked. A function that is gone may also read
    /// as all ones.
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError>;

    /// Writes the dword at `offset`.
    ///
    /// # Errors
    /// [`AccessError`] if the write did not reach the function.
    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError>;
}

const STATUS: ConfigOffset = ConfigOffset(0x04);
const STATUS_CAPABILITIES_LIST: u32 = 1 << 20;
const CAPABILITIES_POINTER: ConfigOffset = ConfigOffset(0x34);
/// What reads where no capability is. Linux ends a list there too.
const NO_CAPABILITY: u8 = 0xff;
/// A list without a loop has at most this many members: they are 4 bytes or more and lie between
/// 0x40 and 0xff.
const MAX_CAPABILITIES: usize = 48;
/// The same for extended capabilities: 8 bytes or more, 0x100 to 0xfff.
const MAX_EXTENDED_CAPABILITIES: usize = 480;

/// Finds the capability `id` in the list that starts at the Capabilities Pointer
/// (PCIe 6.x, 7.5.1.1.11). A list that loops or points astray simply ends.
///
/// # Errors
/// [`AccessError`] if a read failed, [`AccessError::Gone`] if the function reads as all ones.
pub fn find_capability(
    space: &mut (impl ConfigSpace + ?Sized),
    id: u8,
) -> Result<Option<ConfigOffset>, AccessError> {
    let status = space.read_config(STATUS)?;
    if status == u32::MAX {
        return Err(AccessError::Gone);
    }
    if status & STATUS_CAPABILITIES_LIST == 0 {
        return Ok(None);
    }
    let mut pointer = space.read_config(CAPABILITIES_POINTER)?.to_le_bytes()[0];
    for _ in 0..MAX_CAPABILITIES {
        let offset = ConfigOffset(u16::from(pointer & 0xfc));
        if offset.0 < 0x40 {
            return Ok(None);
        }
        let [found, next, ..] = space.read_config(offset)?.to_le_bytes();
        if found == id {
            return Ok(Some(offset));
        }
        if found == NO_CAPABILITY {
            return Ok(None);
        }
        pointer = next;
    }
    Ok(None)
}

/// Finds the extended capability `id` in the list that starts at 0x100 (PCIe 6.x, 7.6.3).
/// A list that loops or points astray simply ends.
///
/// # Errors
/// [`AccessError`] if a read failed.
pub fn find_extended_capability(
    space: &mut (impl ConfigSpace + ?Sized),
    id: u16,
) -> Result<Option<ConfigOffset>, AccessError> {
    let mut offset = ConfigOffset::EXTENDED;
    for _ in 0..MAX_EXTENDED_CAPABILITIES {
        let header = crate::ExtendedHeader(space.read_config(offset)?);
        if header.0 == 0 || header.0 == u32::MAX {
            return Ok(None);
        }
        if header.id() == id {
            return Ok(Some(offset));
        }
        match header.next() {
            Some(next) => offset = next,
            None => return Ok(None),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    struct Image(Vec<u32>);

    impl ConfigSpace for Image {
        fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
            Ok(self.0[usize::from(offset.get()) / 4])
        }

        fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
            Err(AccessError::Failed)
        }
    }

    fn image(dwords: &[(usize, u32)]) -> Image {
        let mut space = vec![0; 1024];
        for &(offset, value) in dwords {
            space[offset / 4] = value;
        }
        Image(space)
    }

    #[test]
    fn a_capability_is_found_along_its_list() {
        let mut space =
            image(&[(4, 1 << 20), (0x34, 0x40), (0x40, 0x5001), (0x50, 0x10), (0x58, 0x10)]);
        assert_eq!(find_capability(&mut space, 0x10), Ok(ConfigOffset::new(0x50)));
        assert_eq!(find_capability(&mut space, 0x11), Ok(None));
    }

    #[test]
    fn an_extended_capability_is_found_along_its_list() {
        let mut space = image(&[(0x100, 0x2001_0001), (0x200, 0xffc1_0003), (0xffc, 0x0001_0017)]);
        assert_eq!(find_extended_capability(&mut space, 0x17), Ok(ConfigOffset::new(0xffc)));
        assert_eq!(find_extended_capability(&mut space, 0x18), Ok(None));
    }

    #[test]
    fn a_list_that_loops_or_points_astray_ends() {
        let mut space = image(&[(4, 1 << 20), (0x34, 0x40), (0x40, 0x4001), (0x100, 0x1001_0001)]);
        assert_eq!(find_capability(&mut space, 0x10), Ok(None));
        assert_eq!(find_extended_capability(&mut space, 0x17), Ok(None));
        let mut space = image(&[(4, 1 << 20), (0x34, 0x3c), (0x100, 0x0ff1_0001)]);
        assert_eq!(find_capability(&mut space, 0x10), Ok(None));
        assert_eq!(find_extended_capability(&mut space, 0x17), Ok(None));
    }

    #[test]
    fn a_list_ends_where_nothing_answers() {
        let mut space = image(&[(4, 1 << 20), (0x34, 0x40), (0x40, 0x50ff), (0x50, 0x10)]);
        assert_eq!(find_capability(&mut space, 0x10), Ok(None));
    }

    #[test]
    fn a_function_that_is_gone_is_no_function_without_capabilities() {
        let mut space = Image(vec![u32::MAX; 1024]);
        assert_eq!(find_capability(&mut space, 0x10), Err(AccessError::Gone));
        assert_eq!(find_extended_capability(&mut space, 0x17), Ok(None));
    }
}
