//! The exporter's memory goes and comes, and goes for good.

use tph_abi::Errno;
use tph_conformance::MemorySpace;
use tph_lab_guest::module::{self, TestModule};
use tph_lab_guest::raw::feature::{LOW_POWER_ENTRY, LOW_POWER_EXIT, SET};
use tph_lab_guest::raw::{Ioctl, feature};
use tph_lab_guest::{Endpoint, Failure, send};
use vfio_tph::{RequesterType, VfioFunction};

use super::exporter::{export, set_memory_space};
use super::importer::{Answer, Importer};
use super::{ANSWERS, Outcome, tagged};
use crate::check::{errno, same};

pub(super) const TESTS: &[(&str, super::Test)] = &[
    ("memory_off_invalidates_and_answers_enodev", memory_off),
    ("a_reset_invalidates_and_keeps_the_tags", reset),
    ("low_power_invalidates_and_answers_enodev", low_power),
    ("a_closed_device_s_buffers_answer_enodev_for_ever", closed),
    ("a_buffer_may_outlive_its_device_and_the_module", outlives_all),
];

const ENODEV: [Answer; 2] = [Err(Errno::ENODEV.0); 2];

/// How often the importer in the kernel lost its mapping. Reading this asks, which maps the buffer again where that can be.
fn invalidations(importer: &mut Importer) -> Result<u32, Failure> {
    Ok(importer.get(8)?.invalidations)
}

fn memory_off(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut importer = Importer::of(&buffer)?;
    same("at first", importer.answers()?, ANSWERS)?;
    set_memory_space(&function, MemorySpace::Off)?;
    same("while off", importer.answers()?, ENODEV)?;
    same("mapped", importer.get(8)?.mapped, false)?;
    same("attaching now", Importer::open()?.attach(&buffer)?.answer(), Err(Errno::ENODEV.0))?;
    set_memory_space(&function, MemorySpace::On)?;
    same("on again", importer.answers()?, ANSWERS)?;
    same("whether it was told", invalidations(&mut importer)? > 0, true)
}

fn reset(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut importer = Importer::of(&buffer)?;
    for round in 1..4 {
        let before = invalidations(&mut importer)?;
        function.reset()?;
        same(&format!("after reset {round}"), importer.answers()?, ANSWERS)?;
        same("whether it was told", invalidations(&mut importer)? > before, true)?;
    }
    Ok(())
}

fn low_power(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut importer = Importer::of(&buffer)?;
    let power = |number: u32| {
        let mut request = [8_u32.to_ne_bytes(), (number | SET).to_ne_bytes()].concat();
        send(&function, Ioctl::Feature, &mut request).map_err(|errno| format!("power: {errno}"))
    };
    power(LOW_POWER_ENTRY)?;
    same("asleep", importer.answers()?, ENODEV)?;
    power(LOW_POWER_EXIT)?;
    same("awake", importer.answers()?, ANSWERS)
}

/// Asked by the kernel's importer and through another device, now and after it was opened again.
fn closed(accelerator: &Endpoint) -> Outcome {
    let _module = TestModule::importer()?;
    let (function, buffer) = tagged(accelerator)?;
    let mut importer = Importer::of(&buffer)?;
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let nic = VfioFunction::open(nic.address)?;
    let ask = || errno(nic.tph().dma_buf_tag(&buffer, RequesterType::Tph)).map(drop);
    drop(function);
    same("closed", (importer.answers()?, ask()), (ENODEV, Err(Errno::ENODEV)))?;
    let function = VfioFunction::open(accelerator.address)?;
    same("opened again", (importer.answers()?, ask()), (ENODEV, Err(Errno::ENODEV)))?;
    let set = errno(function.tph().set_dma_buf_tags(&buffer, super::TAGGED));
    same("setting", set, Err(Errno::EINVAL))
}

/// What was kept goes with the module, which nothing holds; the buffers do not mind.
fn outlives_all(accelerator: &Endpoint) -> Outcome {
    const BUFFERS: usize = 200;
    let (function, buffer) = tagged(accelerator)?;
    let mut buffers = vec![buffer];
    for _ in 1..BUFFERS {
        let buffer = export(&function)?;
        function.tph().set_dma_buf_tags(&buffer, super::TAGGED)?;
        buffers.push(buffer);
    }
    // Some go at about the same time.
    let half = buffers.split_off(BUFFERS / 2);
    drop(function);
    same("users of the module", module::users()?, 0)?;
    drop(half);
    module::unload()?;
    module::load()?;
    let function = VfioFunction::open(accelerator.address)?;
    for buffer in &buffers {
        let answer = errno(function.tph().dma_buf_tag(buffer, RequesterType::Tph));
        same("after the module was loaded again", answer.map(drop), Err(Errno::EOPNOTSUPP))?;
    }
    let number = feature::DMA_BUF_TPH[0];
    same(
        "its number",
        vfio_tph::Host::default().dma_buf_feature().map(|number| u32::from(number.get())),
        Some(number),
    )
}
