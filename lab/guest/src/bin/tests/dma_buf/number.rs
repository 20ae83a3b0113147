//! The number of the feature is a parameter of the module.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tph::RequesterType;
use tph_abi::{Errno, FeatureNumber};
use tph_lab_guest::raw::{Ioctl, feature};
use tph_lab_guest::{Endpoint, module, send};
use vfio_tph::VfioFunction;

use super::{Outcome, tagged};
use crate::check::{errno, same};

pub(super) const TESTS: &[(&str, super::Test)] = &[
    ("everybody_can_read_its_number", readable),
    ("its_number_can_be_moved_to_a_free_one", moved),
];

const PARAMETER: &str = "/sys/module/vfio_pci_tph/parameters/dma_buf_tph_feature";

fn readable(_: &Endpoint) -> Outcome {
    let mode = fs::metadata(PARAMETER)?.permissions().mode() & 0o777;
    let text = fs::read_to_string(PARAMETER)?;
    same("mode, number", (mode, text.trim().parse()?), (0o444, FeatureNumber::DEFAULT.get()))
}

fn moved(accelerator: &Endpoint) -> Outcome {
    module::unload()?;
    for number in ["0", "12", "65536"] {
        let refused = module::load_with(&format!("dma_buf_tph_feature={number}"));
        let errno = refused.map_err(|error| error.raw_os_error());
        same(&format!("loading it with {number}"), errno, Err(Some(Errno::EINVAL.0)))?;
    }
    let [usual, other] = feature::DMA_BUF_TPH;
    module::load_with(&format!("dma_buf_tph_feature={other}"))?;
    let outcome = served(accelerator, usual, other);
    module::unload()?;
    module::load()?;
    outcome
}

/// `other` is it now, and `usual` is not.
fn served(accelerator: &Endpoint, usual: u32, other: u32) -> Outcome {
    let function = VfioFunction::open(accelerator.address)?;
    let probe = |number: u32| {
        let flags = number | feature::SET | feature::PROBE;
        send(&function, Ioctl::Feature, &mut [8_u32.to_ne_bytes(), flags.to_ne_bytes()].concat())
    };
    same("probes", [probe(usual), probe(other)], [Err(Errno::ENOTTY), Ok(())])?;
    drop(function);
    // The library finds it.
    let (function, buffer) = tagged(accelerator)?;
    let answer = errno(function.tph().dma_buf_tag(&buffer, RequesterType::Tph));
    same("tag", answer.map(|(tag, _)| tag.entry_bits()), Ok(0xa5))
}
