//! The bytes of one function in a dump.

use tph::{AccessError, Bdf, ConfigOffset, ConfigSpace, PortType};

/// As many bytes of one function's configuration space as the dump has, from byte 0.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) address: Bdf,
    pub(crate) driver: Option<String>,
    pub(crate) iommu_group: Option<u32>,
    pub(crate) bytes: Vec<u8>,
}

/// How many bytes a function without PCI Express has.
const CONVENTIONAL_SPACE: u16 = 0x100;
const HEADER_TYPE: usize = 0x0e;
const SECONDARY_BUS: usize = 0x19;

impl Image {
    /// One with room for so many bytes.
    pub(crate) fn new(address: Bdf, room: usize) -> Self {
        Self { address, driver: None, iommu_group: None, bytes: Vec::with_capacity(room) }
    }

    pub(crate) fn len(&self) -> u16 {
        u16::try_from(self.bytes.len()).unwrap_or(ConfigOffset::SPACE)
    }

    /// The segment and bus right below, if this is a bridge.
    pub(crate) fn leads_to(&self) -> Option<(u16, u8)> {
        let is_bridge = self.bytes.get(HEADER_TYPE).is_some_and(|kind| kind & 0x7f == 1);
        let secondary = self.bytes.get(SECONDARY_BUS).copied();
        secondary.filter(|_| is_bridge).map(|bus| (self.address.segment, bus))
    }

    fn dword(&self, offset: ConfigOffset) -> Option<u32> {
        let bytes = self.bytes.get(usize::from(offset.get())..)?.first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    }
}

/// An image as configuration space, which knows when it was asked for more than the dump has.
#[derive(Debug)]
pub(crate) struct ImageSpace<'a> {
    pub(crate) image: &'a Image,
    pub(crate) cut: bool,
    conventional: bool,
}

impl<'a> ImageSpace<'a> {
    /// A function of 256 bytes that has no PCI Express capability is all there: what lies past
    /// them reads as 0.
    pub(crate) fn new(image: &'a Image) -> Self {
        let mut space = Self { image, cut: false, conventional: false };
        space.conventional =
            image.len() == CONVENTIONAL_SPACE && PortType::of(&mut space) == Ok(None);
        space
    }
}

impl ConfigSpace for ImageSpace<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        if let Some(value) = self.image.dword(offset) {
            return Ok(value);
        }
        if self.conventional && offset.get() >= CONVENTIONAL_SPACE {
            return Ok(0);
        }
        self.cut = true;
        Err(AccessError::Failed)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}
