//! Tags of dma-bufs: what every server of `DMA_BUF_TPH` and `DMA_BUF_GET` must answer.

mod device;
mod tags;
mod wire;

use tph::{Completer, DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag8, Tag16};
use tph_abi::{DmaBufQuery, DmaBufSet, Errno, FeatureTransport};

/// A device that exports dma-bufs of its memory, opened by one user, and other files for contrast.
pub trait Exporter: FeatureTransport {
    /// What the device makes of hints on packets that it receives.
    fn completer(&mut self) -> Completer;
    /// Exports a page of its memory. Descriptors stay open until they are closed.
    fn export(&mut self) -> i32;
    /// A page that another device exported.
    fn export_elsewhere(&mut self) -> i32;
    /// A dma-buf that no device exported, such as a udmabuf.
    fn host_buffer(&mut self) -> i32;
    /// A file that is no dma-buf.
    fn other_file(&mut self) -> i32;
    /// Closes a descriptor of these.
    fn close(&mut self, descriptor: i32);
    /// Turns Memory Space Enable of the Command register on or off.
    fn set_memory_space(&mut self, space: MemorySpace);
    /// Resets the device, as `VFIO_DEVICE_RESET` does.
    fn reset(&mut self);
    /// Closes the device and opens it again. Descriptors of dma-bufs stay open.
    fn reopen(&mut self);
}

/// Memory Space Enable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemorySpace {
    /// BARs answer.
    On,
    /// They do not.
    Off,
}

/// One rule about tags of dma-bufs and its proof. It starts with a device just opened.
pub struct DmaBufCase {
    /// What is true of every server, as a sentence in `snake_case`.
    pub name: &'static str,
    /// Shows it, or says what was found instead.
    pub run: fn(&mut dyn Exporter) -> Result<(), String>,
}

/// All cases for a device that receives tags of 16 bits.
pub fn dma_buf_cases() -> impl Iterator<Item = DmaBufCase> {
    any_dma_buf_cases().chain(tags::CASES).chain(device::CASES)
}

/// Those for a device with any completer, one that takes no hints too.
pub fn any_dma_buf_cases() -> impl Iterator<Item = DmaBufCase> {
    wire::CASES.into_iter()
}

const WIDTHS: [RequesterType; 2] = [RequesterType::Tph, RequesterType::ExtendedTph];

const fn single(tag: u16) -> DmaBufTags {
    DmaBufTags::Single(Tag16(tag))
}

const fn apart(standard: Option<u8>, extended: Option<u16>) -> DmaBufTags {
    let standard = match standard {
        Some(tag) => Some(Tag8(tag)),
        None => None,
    };
    let extended = match extended {
        Some(tag) => Some(Tag16(tag)),
        None => None,
    };
    DmaBufTags::Apart { standard, extended }
}

/// Sets tags with a hint of their own.
fn set(subject: &mut dyn Exporter, descriptor: i32, tags: DmaBufTags) -> Result<(), Errno> {
    set_hint(subject, descriptor, DmaBufHint { tags, hint: ProcessingHint::Target })
}

fn set_hint(subject: &mut dyn Exporter, descriptor: i32, hint: DmaBufHint) -> Result<(), Errno> {
    let number = subject.dma_buf_tph()?;
    subject.feature(DmaBufSet { descriptor, hint }.request(number).bytes())
}

/// What is answered for a width: the bits of tag and hint.
fn ask(
    subject: &mut dyn Exporter,
    descriptor: i32,
    requester: RequesterType,
) -> Result<(u16, u8), Errno> {
    let (tag, hint) = DmaBufQuery { descriptor, requester }.ask(subject)?;
    Ok((tag.entry_bits(), hint.bits()))
}

/// What the rules have to say to both widths, after `hint` was set.
fn expected(hint: DmaBufHint) -> [Result<(u16, u8), Errno>; 2] {
    WIDTHS.map(|requester| {
        let (tag, hint) = DmaBufHint::answer(Some(hint), requester)?;
        Ok((tag.entry_bits(), hint.bits()))
    })
}

/// What is answered to both widths.
fn answers(subject: &mut dyn Exporter, descriptor: i32) -> [Result<(u16, u8), Errno>; 2] {
    WIDTHS.map(|requester| ask(subject, descriptor, requester))
}
