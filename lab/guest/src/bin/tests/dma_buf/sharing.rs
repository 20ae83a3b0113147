//! A dma-buf is handed to an importer: another process, a driver in the kernel.

use tph::{DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag8, Tag16};
use tph_abi::Errno;
use tph_lab_guest::module::TestModule;
use tph_lab_guest::{Child, Endpoint, child, raw};
use vfio_tph::{DmaBuf, VfioFunction};

use super::exporter::export;
use super::importer::{Answer, Importer, Reply};
use super::{ANSWERS, Outcome, tagged};
use crate::check::{errno, same};

pub(super) const TESTS: &[(&str, super::Test)] = &[
    ("another_process_is_answered_what_the_exporter_set", other_process),
    ("an_importer_in_the_kernel_is_answered_what_was_set", in_kernel),
    ("an_importer_asks_about_buffers_of_any_exporter", any_exporter),
    ("an_importer_asks_again_to_learn_what_was_set_since", asks_again),
];

const NONE: Answer = Err(Errno::EOPNOTSUPP.0);

fn other_process(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut child = Child::start(&["import"], child::socket_with(&buffer)?)?;
    let expected = format!("{ANSWERS:?}");
    same("its device", child.line()?, expected.clone())?;
    same("the kernel's importer", child.line()?, expected)?;
    drop(function);
    Ok(())
}

/// The child: it has the descriptor alone, and a device of its own.
pub(crate) fn import() -> Outcome {
    let buffer = DmaBuf::from(child::receive_file()?);
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let function = VfioFunction::open(nic.address)?;
    let ask = |requester| {
        let answer = errno(function.tph().dma_buf_tag(&buffer, requester));
        answer.map(|(tag, hint)| (tag.entry_bits(), hint.bits())).map_err(|errno| errno.0)
    };
    println!("{:?}", [RequesterType::Tph, RequesterType::ExtendedTph].map(ask));
    println!("{:?}", Importer::of(&buffer)?.answers()?);
    Ok(())
}

fn in_kernel(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let function = VfioFunction::open(accelerator.address)?;
    let buffer = export(&function)?;
    let mut importer = Importer::of(&buffer)?;
    same("before any set", importer.answers()?, [NONE; 2])?;
    let apart = |standard: Option<u8>, extended: Option<u16>| DmaBufTags::Apart {
        standard: standard.map(Tag8),
        extended: extended.map(Tag16),
    };
    for tags in [
        apart(Some(0xa5), Some(0xbea5)),
        apart(Some(0), None),
        apart(None, Some(0)),
        apart(None, None),
        DmaBufTags::Single(Tag16(0xff)),
        DmaBufTags::Single(Tag16(0x100)),
    ] {
        for hint in ProcessingHint::ALL {
            let hint = DmaBufHint { tags, hint };
            function.tph().set_dma_buf_tags(&buffer, hint)?;
            let expected = [RequesterType::Tph, RequesterType::ExtendedTph].map(|requester| {
                DmaBufHint::answer(Some(hint), requester)
                    .map(|(tag, hint)| (tag.entry_bits(), hint.bits()))
                    .map_err(|error| Errno::from(error).0)
            });
            same(&format!("{hint:?}"), importer.answers()?, expected)?;
        }
    }
    for width in [0, 7, 32] {
        same("a bad width", importer.get(width)?.answer(), Err(Errno::EINVAL.0))?;
    }
    Ok(())
}

/// Host memory; a device of vfio-pci-tph that takes no tags.
fn any_exporter(_: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    same("host memory", Importer::of(raw::host_dma_buf()?)?.answers()?, [NONE; 2])?;
    let plain = Endpoint::named("plain").ok_or("no device without TPH")?;
    let function = VfioFunction::open(plain.address)?;
    same("another device", Importer::of(export(&function)?)?.answers()?, [NONE; 2])
}

fn asks_again(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut importer = Importer::of(&buffer)?;
    same("at first", importer.answers()?, ANSWERS)?;
    let tags = DmaBufTags::Apart { standard: Some(Tag8(1)), extended: None };
    let hint = DmaBufHint { tags, hint: ProcessingHint::Bidirectional };
    function.tph().set_dma_buf_tags(&buffer, hint)?;
    same("then", importer.answers()?, [Ok((1, 0)), NONE])?;
    let Reply { mapped, invalidations, .. } = importer.get(8)?;
    same("mapped, invalidations", (mapped, invalidations), (true, 0))
}
