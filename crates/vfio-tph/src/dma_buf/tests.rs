//! Tags of dma-bufs through the library.

use std::fs::File;

use tph::{DmaBufTags, Tag8, Tag16};
use tph_abi::FeatureNumber;

use super::*;
use crate::Advice;

/// Remembers the one thing that was set, for any descriptor; knows the feature as number 700.
#[derive(Default)]
struct Server {
    set: Option<DmaBufHint>,
    descriptors: Vec<i32>,
    fails: Option<Errno>,
}

const NUMBER: u32 = 700;

impl tph::DmaBufs for Server {
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, tph::DmaBufError> {
        self.descriptors.push(descriptor);
        Ok(self.set)
    }

    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), tph::DmaBufError> {
        self.descriptors.push(descriptor);
        self.set = Some(hint);
        Ok(())
    }
}

impl Transport for Server {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        match self.fails {
            Some(errno) => Err(errno),
            None => tph_abi::answer_dma_buf(request, self).expect("DMA_BUF_GET").map(drop),
        }
    }
}

impl FeatureTransport for Server {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Ok(FeatureNumber::new(NUMBER).unwrap())
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let (number, completer) = (self.dma_buf_tph()?, tph::Completer::ExtendedTph);
        match self.fails {
            Some(errno) => Err(errno),
            None => tph_abi::answer_feature(request, number, completer, self).expect("its number"),
        }
    }
}

const HINT: DmaBufHint = DmaBufHint {
    tags: DmaBufTags::Apart { standard: Some(Tag8(0xf0)), extended: None },
    hint: ProcessingHint::Target,
};
const NARROW: RequesterType = RequesterType::Tph;
const WIDE: RequesterType = RequesterType::ExtendedTph;

#[test]
fn what_is_set_is_what_the_width_is_answered() {
    let file = File::open("/dev/null").unwrap();
    let mut device = TphDevice::new(Server::default(), "dev");
    device.probe_dma_buf_tags().unwrap();
    device.set_dma_buf_tags(&file, HINT).unwrap();
    let answer = device.dma_buf_tag(&file, NARROW).unwrap();
    assert_eq!(answer, (SteeringTag::Standard(Tag8(0xf0)), ProcessingHint::Target));
    let error = device.dma_buf_tag(&file, WIDE).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dev: asking for the 16-bit tag of a dma-buf: EOPNOTSUPP: nobody set a tag of this width \
         for it"
    );
    assert_eq!(error.advice(), Some(Advice::SetTagsFirst));
    assert_eq!(device.transport().descriptors, [file.as_raw_fd(); 3]);
    let wide = DmaBufTags::Single(Tag16(0x1f0));
    device.set_dma_buf_tags(Descriptor(7), DmaBufHint { tags: wide, ..HINT }).unwrap();
    let answer = device.dma_buf_tag(Descriptor(7), WIDE).unwrap();
    assert_eq!(answer.0, SteeringTag::Extended(Tag16(0x1f0)));
}

#[test]
fn a_refusal_says_which_device_what_and_what_to_do() {
    let cases = [
        (Errno::ENOTTY, "asking whether its dma-bufs can have tags: ENOTTY", true),
        (Errno::EOPNOTSUPP, "tags: EOPNOTSUPP: the device takes no hints on what", true),
        (Errno::EINTR, "EINTR: a signal came", false),
    ];
    for (errno, words, advice) in cases {
        let server = Server { fails: Some(errno), ..Server::default() };
        let error = TphDevice::new(server, "0000:02:00.0").probe_dma_buf_tags().unwrap_err();
        assert!(error.to_string().starts_with("0000:02:00.0: "), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.advice().is_some(), advice, "{error}");
    }
    let server = Server { fails: Some(Errno::EINVAL), ..Server::default() };
    let error = TphDevice::new(server, "d").set_dma_buf_tags(Descriptor(3), HINT).unwrap_err();
    assert_eq!(error.advice(), Some(Advice::ExportThere));
    let server = Server { fails: Some(Errno::ENODEV), ..Server::default() };
    let error = TphDevice::new(server, "d").dma_buf_tag(Descriptor(3), WIDE).unwrap_err();
    assert_eq!(error.advice(), Some(Advice::MapAnew));
}

#[test]
fn a_file_without_the_module_behind_it_has_no_tags() {
    let file = File::open("/dev/null").unwrap();
    let mut device = TphDevice::adopt(&file, "0000:02:00.0");
    for error in [
        device.export_dma_buf(4, &[(0, 0x1000)]).unwrap_err(),
        device.probe_dma_buf_tags().unwrap_err(),
        device.set_dma_buf_tags(&file, HINT).unwrap_err(),
        device.dma_buf_tag(&file, WIDE).unwrap_err(),
    ] {
        assert_eq!(error.errno(), Some(Errno::ENOTTY), "{error}");
        assert!(error.is_not_supported());
    }
}
