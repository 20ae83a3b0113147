//! Memory of a device for its peers, and tags that travel with it.

use vfio_tph::{Descriptor, DmaBufHint, DmaBufTags, ProcessingHint, Tag8, Tag16};

use super::{Device, State};
use crate::{DmaBufTag, Failure, PeerTags, Range, numbers};

impl Device {
    /// The number of the dma-buf's descriptor, which is the caller's.
    pub(crate) fn export_dma_buf(&self, bar: u32, ranges: &[Range]) -> Result<i32, Failure> {
        let ranges: Vec<_> = ranges.iter().map(|range| (range.offset, range.length)).collect();
        let Descriptor(number) = self.lock().device().export_dma_buf(bar, &ranges)?;
        Ok(number)
    }

    pub(crate) fn probe_dma_buf_tags(&self) -> Result<(), Failure> {
        Ok(self.lock().device().probe_dma_buf_tags()?)
    }

    pub(crate) fn set_dma_buf_tags(&self, dma_buf: i32, tags: PeerTags) -> Result<(), Failure> {
        let state = self.lock();
        let hint = state.hint(tags)?;
        Ok(state.device().set_dma_buf_tags(Descriptor(dma_buf), hint)?)
    }

    pub(crate) fn dma_buf_tag(&self, dma_buf: i32, bits: u32) -> Result<DmaBufTag, Failure> {
        let state = self.lock();
        let requester = numbers::requester(bits).ok_or_else(|| {
            let text = format!("{}: no device has tags of {bits} bits", state.name);
            Failure::argument(text).with_advice("Give the tag_bits of the importer's status.")
        })?;
        let (tag, hint) = state.device().dma_buf_tag(Descriptor(dma_buf), requester)?;
        Ok(DmaBufTag { tag: tag.entry_bits(), bits: requester.tag_bits(), hint: hint.bits() })
    }
}

impl State {
    fn hint(&self, tags: PeerTags) -> Result<DmaBufHint, Failure> {
        let hint = ProcessingHint::from_bits(tags.hint).ok_or_else(|| {
            let text = format!("{}: {} is no processing hint", self.name, tags.hint);
            Failure::argument(text).with_advice("Use one of VFIOTPH_HINT_.")
        })?;
        let known = numbers::VFIOTPH_PEER_TAG_8 | numbers::VFIOTPH_PEER_TAG_16;
        if tags.flags & !known != 0 {
            let text = format!("{}: {:#x} has flags that are none", self.name, tags.flags);
            return Err(Failure::argument(text).with_advice("Use VFIOTPH_PEER_TAG_."));
        }
        let given = |flag| tags.flags & flag != 0;
        let tags = DmaBufTags::Apart {
            standard: given(numbers::VFIOTPH_PEER_TAG_8).then_some(Tag8(tags.tag8)),
            extended: given(numbers::VFIOTPH_PEER_TAG_16).then_some(Tag16(tags.tag16)),
        };
        Ok(DmaBufHint { tags, hint })
    }
}
