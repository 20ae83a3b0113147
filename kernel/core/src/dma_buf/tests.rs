//! Tags of dma-bufs as `dmabuf.c` sees them.

use std::vec::Vec;

use tph::{
    Completer, DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, SteeringTag, Tag8, Tag16,
};
use tph_abi::{DmaBufQuery, DmaBufSet, Errno, FeatureNumber, Transport};

use super::*;
use crate::mock::{DMA_BUF, DMA_BUFS, with};

/// Device Capabilities 2 of a device that takes tags of both widths.
const WIDE: u32 = 0x3000;
const HEAD: usize = 8;

/// Sets as `vfio_pci_tph_feature()` does.
fn set(hint: DmaBufHint, devcap2: u32) -> Result<(), c_int> {
    let mut request = DmaBufSet { descriptor: 1, hint }.request(FeatureNumber::DEFAULT);
    let bytes = request.bytes();
    let flags = u32::from_le_bytes(bytes[4..HEAD].try_into().unwrap());
    assert!(tph_core_is_dma_buf_tph(flags, FeatureNumber::DEFAULT.get().into()));
    let payload = &bytes[HEAD..];
    let needed = tph_core_dma_buf_payload(flags, payload.len(), devcap2);
    let needed = usize::try_from(needed).map_err(|_| c_int::try_from(needed).unwrap())?;
    assert_eq!(needed, payload.len());
    let device = Device::stand_in();
    // SAFETY: a slice's own pointer and length.
    match unsafe { tph_core_dma_buf_set(&device, payload.as_ptr(), payload.len(), devcap2) } {
        0 => Ok(()),
        status => Err(status),
    }
}

/// Asks as `request.c` does.
struct Glue;

impl Transport for Glue {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let (mut copy, mut reply) = (request.to_vec(), Reply::default());
        let (bytes, size) = (copy.as_mut_ptr(), copy.len());
        // SAFETY: a vector's own pointer and length.
        match unsafe { tph_core_dma_buf_get(&Device::stand_in(), bytes, size, &mut reply) } {
            0 => request[reply.start..reply.end].copy_from_slice(&copy[reply.start..reply.end]),
            status => return Err(Errno(-status)),
        }
        Ok(())
    }
}

/// What a request and an importer in the kernel are answered, which is the same.
fn get(requester: RequesterType) -> Result<(SteeringTag, ProcessingHint), Errno> {
    let answer = DmaBufQuery { descriptor: 1, requester }.ask(&mut Glue);
    let (mut tag, mut ph) = (0, 0);
    let kept = DMA_BUFS.get()[1];
    let status = tph_core_dma_buf_tag(kept, requester.tag_bits(), &mut tag, &mut ph);
    let expected = match answer {
        Ok((tag, hint)) => (0, tag.entry_bits(), hint.bits()),
        Err(errno) => (-errno.0, 0, 0),
    };
    if DMA_BUF.get() == 0 {
        assert_eq!((status, tag, ph), expected);
    }
    answer
}

fn all_hints() -> Vec<DmaBufHint> {
    let numbers = [0, 1, 0xff, 0x100, 0x8001, 0xffff].map(Tag16);
    let mut tags: Vec<_> = numbers.map(DmaBufTags::Single).into();
    for extended in numbers.map(Some).into_iter().chain([None]) {
        for standard in [None, Some(Tag8(0)), Some(Tag8(0x81)), Some(Tag8(0xff))] {
            tags.push(DmaBufTags::Apart { standard, extended });
        }
    }
    let each = |tags| ProcessingHint::ALL.map(|hint| DmaBufHint { tags, hint });
    tags.into_iter().flat_map(each).collect()
}

#[test]
fn what_is_kept_is_what_was_set() {
    assert_eq!(Kept(0).hint(), None);
    for hint in all_hints() {
        assert_eq!(Kept::of(hint).hint(), Some(hint));
    }
}

#[test]
fn what_was_set_is_answered() {
    for hint in all_hints() {
        set(hint, WIDE).unwrap();
        for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
            let expected = DmaBufHint::answer(Some(hint), requester).map_err(Errno::from);
            assert_eq!(get(requester), expected, "{hint:?}");
        }
    }
    assert_eq!(DMA_BUFS.get()[0], 0);
}

#[test]
fn the_completer_of_the_device_decides() {
    let hint = DmaBufHint { tags: DmaBufTags::Single(Tag16(0x100)), hint: ProcessingHint::Target };
    for (devcap2, expected) in [
        (0, Err(-Errno::EOPNOTSUPP.0)),
        (0x2000, Err(-Errno::EOPNOTSUPP.0)),
        (0x1000, Err(-Errno::EOPNOTSUPP.0)),
        (WIDE, Ok(())),
    ] {
        let received = hint.tags.received_by(Completer::from_device_capabilities_2(devcap2));
        assert_eq!(received.is_ok(), expected.is_ok());
        assert_eq!(set(hint, devcap2), expected, "{devcap2:#x}");
        assert_eq!(DMA_BUFS.get()[1] != 0, expected.is_ok());
    }
}

#[test]
fn what_the_kernel_says_of_a_dma_buf_reaches_the_caller() {
    let hint = DmaBufHint { tags: DmaBufTags::Single(Tag16(1)), hint: ProcessingHint::Target };
    set(hint, WIDE).unwrap();
    for (status, errno) in [
        (-EBADF, Errno::EBADF),
        (-Errno::EINVAL.0, Errno::EINVAL),
        (-EXDEV, Errno::EINVAL),
        (-EINTR, Errno::EINTR),
        (-ENOMEM, Errno::ENOMEM),
        (-ENODEV, Errno::ENODEV),
        (-ENOTTY, Errno::ENOTTY),
    ] {
        with(&DMA_BUF, status, || {
            assert_eq!(get(RequesterType::Tph), Err(errno));
            assert_eq!(set(hint, WIDE), Err(-errno.0));
        });
    }
    get(RequesterType::Tph).unwrap();
}

#[test]
fn other_requests_and_widths_are_not_taken_for_this() {
    let mut request = DmaBufQuery { descriptor: 1, requester: RequesterType::Tph }.bytes();
    request[4..8].copy_from_slice(&[2, 0, 0, 0]);
    assert_eq!(Glue.call(&mut request), Err(Errno(-ANOTHER_OPERATION)));
    let (mut tag, mut ph) = (7, 7);
    for width in [0, 1, 7, 9, 15, 17, 255] {
        let status = tph_core_dma_buf_tag(u64::MAX, width, &mut tag, &mut ph);
        assert_eq!((status, tag, ph), (-Errno::EINVAL.0, 7, 7));
    }
    assert!(!tph_core_feature_number_is_free(12) && tph_core_feature_number_is_free(13));
    assert!(!tph_core_is_dma_buf_tph(0xc | 1 << 17, 12));
}
