//! The dma-bufs of processes as data.

use serde::Serialize;
use vfio_tph::{BufferView, SeenTags};

use crate::report::Tag;

/// What could be seen.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DmaBufReport {
    pub(super) processes: Vec<ProcessReport>,
    /// Processes whose descriptors may not be seen.
    pub(super) unreadable: usize,
    /// Why it is not known which devices are attached; null if it is.
    pub(super) attached_unreadable: Option<String>,
}

/// A process.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ProcessReport {
    pub(super) pid: u32,
    pub(super) name: String,
    /// The VFIO devices that it has open: one of them exported its buffers, or another process did.
    pub(super) vfio_devices: Vec<String>,
    pub(super) buffers: Vec<BufferReport>,
}

/// A dma-buf.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct BufferReport {
    pub(super) descriptor: i32,
    pub(super) inode: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) references: Option<u64>,
    pub(super) exporter: Option<String>,
    pub(super) name: Option<String>,
    /// Whether it is memory of a VFIO device: others have no tags.
    pub(super) from_vfio: bool,
    /// The devices that are attached to it; null if that cannot be seen.
    pub(super) attached: Option<Vec<String>>,
    /// The tags that travel with it; empty if none was set, null if that is not known.
    pub(super) tags: Option<Vec<Tag>>,
    pub(super) processing_hint: Option<u8>,
    /// Why its tags are not known.
    pub(super) tags_unknown: Option<String>,
}

impl BufferReport {
    pub(super) fn new(
        buffer: &BufferView,
        seen: Result<SeenTags, String>,
        attached: Option<Vec<String>>,
    ) -> Self {
        let (seen, why) = match seen {
            Ok(seen) => (Some(seen), None),
            Err(why) => (None, Some(why)),
        };
        let hint = seen.as_ref().and_then(|seen| seen.hint);
        Self {
            descriptor: buffer.descriptor,
            inode: buffer.inode,
            size: buffer.size,
            references: buffer.references,
            exporter: buffer.exporter.clone(),
            name: buffer.name.clone(),
            from_vfio: buffer.is_from_vfio(),
            attached,
            tags: seen.map(|seen| seen.tags.into_iter().map(Tag::from).collect()),
            processing_hint: hint.map(tph::ProcessingHint::bits),
            tags_unknown: why,
        }
    }
}
