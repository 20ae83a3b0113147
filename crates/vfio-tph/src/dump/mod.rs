//! A saved `lspci -xxxx`, read as if it were the host it was taken on.

mod image;
mod parse;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use tph::{AccessError, Bdf, ConfigSpace, PortType};

use crate::{Error, FunctionView, Ids, Inventory, PortView, TphView, Unreadable};

use image::{Image, ImageSpace};
pub use parse::{DumpError, DumpErrorKind};

/// How much of a file is read at a time.
const BUFFER: usize = 1 << 17;

/// The functions of a dump, each with as many bytes of configuration space as the dump has.
///
/// ```
/// use vfio_tph::Dump;
///
/// # fn main() -> Result<(), vfio_tph::DumpError> {
/// let dump = Dump::parse("01:00.0 Ethernet controller\n00: 86 80 33 15 00 00 00 00 00 00 00 02 00 00 00 00\n")?;
/// assert_eq!(dump.functions().functions.len(), 1);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Dump {
    /// In the order of their addresses.
    images: Vec<Image>,
    /// Which of them leads to a segment and bus.
    bridges: BTreeMap<(u16, u8), usize>,
}

impl Dump {
    /// Reads the dump in the file at `path`.
    ///
    /// # Errors
    /// [`Error::DumpFile`] if the file cannot be read, [`Error::Dump`] if it is no dump.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        File::open(path)
            .and_then(|file| parse::read(BufReader::with_capacity(BUFFER, file)))
            .map_err(|source| Error::DumpFile { path: path.to_owned(), source })?
            .map(Self::of)
            .map_err(|source| Error::Dump { path: path.to_owned(), source })
    }

    /// Reads the text of a dump: what `lspci -x`, `-xxx` or `-xxxx` prints, with or without `-v`,
    /// `-k`, `-n` and `-D`. Lines that start with `#` are comments.
    ///
    /// # Errors
    /// [`DumpError`] names the line that makes no sense.
    pub fn parse(text: &str) -> Result<Self, DumpError> {
        parse::parse(text).map(Self::of)
    }

    fn of(images: Vec<Image>) -> Self {
        let mut bridges = BTreeMap::new();
        for (index, image) in images.iter().enumerate() {
            if let Some(below) = image.leads_to() {
                bridges.entry(below).or_insert(index);
            }
        }
        Self { images, bridges }
    }

    /// All functions of the dump, without their ST entries.
    pub fn functions(&self) -> Inventory {
        let view = |image| self.view(image, |space| TphView::registers(space));
        let functions = self.images.iter().map(view).collect();
        Inventory { functions, skipped: Vec::new() }
    }

    /// The function at `address`.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`] if the dump has none.
    pub fn function(&self, address: Bdf) -> Result<FunctionView, Error> {
        let image = self.image(address).ok_or(Error::NoSuchFunction { address })?;
        Ok(self.view(image, |space| TphView::read(space)))
    }

    pub(crate) fn addresses(&self) -> Vec<Bdf> {
        self.images.iter().map(|image| image.address).collect()
    }

    fn image(&self, address: Bdf) -> Option<&Image> {
        let found = self.images.binary_search_by_key(&address, |image| image.address);
        found.ok().and_then(|index| self.images.get(index))
    }

    fn view(
        &self,
        image: &Image,
        tph: impl FnOnce(&mut dyn ConfigSpace) -> Result<Option<TphView>, AccessError>,
    ) -> FunctionView {
        let mut space = ImageSpace::new(image);
        let port_type = look(&mut space, |space| PortType::of(space));
        let (root_port, switches) = self.ports(image);
        FunctionView {
            address: image.address,
            ids: Ids::read(&mut space).ok(),
            port_type,
            driver: image.driver.clone(),
            iommu_group: image.iommu_group,
            root_port,
            switches,
            tph: look(&mut space, tph),
        }
    }

    /// Walks up from bridge to bridge: the one whose secondary bus is the bus of the one below. The
    /// root port, and what lies between, from the function up.
    fn ports(&self, image: &Image) -> (Option<PortView>, Vec<PortView>) {
        let mut switches = Vec::new();
        let mut below = image;
        for _ in 0..=u8::MAX {
            let bridge = self.bridges.get(&(below.address.segment, below.address.bus));
            let Some(above) = bridge.and_then(|index| self.images.get(*index)) else { break };
            let mut space = ImageSpace::new(above);
            let port_type = look(&mut space, |space| PortType::of(space));
            let port = look(&mut space, |space| PortView::read(above.address, space));
            let port = port.unwrap_or_else(|why| PortView::unreadable(above.address, why));
            match port_type {
                Ok(Some(PortType::ROOT_PORT)) | Err(_) => return (Some(port), switches),
                Ok(_) => switches.push(port),
            }
            below = above;
        }
        (None, Vec::new())
    }
}

fn look<T>(
    space: &mut ImageSpace<'_>,
    read: impl FnOnce(&mut dyn ConfigSpace) -> Result<T, AccessError>,
) -> Result<T, Unreadable> {
    read(space).map_err(|error| match space {
        ImageSpace { image, cut: true, .. } => Unreadable::CutOff { bytes: image.len() },
        ImageSpace { .. } => error.into(),
    })
}

#[cfg(test)]
mod tests;
