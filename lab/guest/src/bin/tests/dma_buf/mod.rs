//! Tags that travel with a dma-buf.

mod exporter;
mod importer;
mod life;
mod look;
mod memory;
mod number;
mod races;
mod sharing;

use tph::{DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag8, Tag16};
use tph_abi::{DmaBufQuery, Errno};
use tph_conformance::{DmaBufCase, any_dma_buf_cases, dma_buf_cases};
use tph_lab_guest::raw::{Ioctl, feature};
use tph_lab_guest::{Endpoint, Failure, Suite, module, send};
use vfio_tph::{DmaBuf, Host, VfioFunction};

pub(crate) use exporter::set_memory_space;
pub(crate) use memory::{kept_for_checks, kernel_memory};
pub(crate) use sharing::import;

use crate::check::same;
use exporter::Device;
pub(crate) use exporter::export;
use importer::Answer;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint) -> Outcome;

pub(crate) fn run(suite: &mut Suite) {
    let Some(accelerator) = Endpoint::named("accel") else { return };
    if Host::default().dma_buf_feature().is_none() {
        suite.test("dma_buf::a_kernel_whose_vfio_exports_none_says_so", || none(&accelerator));
        return;
    }
    for case in dma_buf_cases() {
        suite.test(&format!("dma_buf::{}", case.name), || check(&accelerator, &case));
    }
    // Their completers: none, 8-bit tags, the reserved value.
    for name in ["nic0", "narrow", "deaf"] {
        let endpoint = Endpoint::named(name).expect("the lab's profile has it");
        for case in any_dma_buf_cases() {
            suite.test(&format!("dma_buf::{}_on_{name}", case.name), || check(&endpoint, &case));
        }
    }
    let tests = sharing::TESTS
        .iter()
        .chain(life::TESTS)
        .chain(races::TESTS)
        .chain(number::TESTS)
        .chain(look::TESTS);
    // Once is enough: the switch is nothing to them, and they take their time.
    let long = if module::allows_direct_tags().unwrap_or(true) { &[][..] } else { memory::TESTS };
    for (name, test) in tests.chain(long) {
        suite.test(&format!("dma_buf::{name}"), || test(&accelerator));
    }
}

fn check(endpoint: &Endpoint, case: &DmaBufCase) -> Outcome {
    (case.run)(&mut Device::open(endpoint)?).map_err(Failure::from)
}

/// PROBE, SET and `DMA_BUF_GET`.
fn none(accelerator: &Endpoint) -> Outcome {
    let function = VfioFunction::open(accelerator.address)?;
    for number in feature::DMA_BUF_TPH {
        for flags in [feature::SET | feature::PROBE, feature::SET] {
            let head = [20_u32.to_ne_bytes(), (number | flags).to_ne_bytes()].concat();
            let mut request = [head, vec![0; 12]].concat();
            let answer = send(&function, Ioctl::Feature, &mut request);
            same(&format!("feature {number}, {flags:#x}"), answer, Err(Errno::ENOTTY))?;
        }
    }
    let query = DmaBufQuery { descriptor: 0, requester: RequesterType::Tph };
    let answer = send(&function, Ioctl::PciTph, &mut query.bytes());
    same("DMA_BUF_GET", answer, Err(Errno::ENOTTY))?;
    let exported = export(&function).map_err(|error| error.errno()).err();
    same("exporting", exported, Some(Some(Errno::ENOTTY)))
}

/// Tags whose numbers say which width they are of, and a hint.
pub(crate) const TAGGED: DmaBufHint = DmaBufHint {
    tags: DmaBufTags::Apart { standard: Some(Tag8(0xa5)), extended: Some(Tag16(0xbea5)) },
    hint: ProcessingHint::Target,
};
/// What importers in the kernel are answered then.
const ANSWERS: [Answer; 2] = [Ok((0xa5, 2)), Ok((0xbea5, 2))];

/// The open device and a page of it with these tags.
fn tagged(accelerator: &Endpoint) -> Result<(VfioFunction, DmaBuf), Failure> {
    let function = VfioFunction::open(accelerator.address)?;
    let buffer = export(&function)?;
    function.tph().set_dma_buf_tags(&buffer, TAGGED)?;
    Ok((function, buffer))
}
