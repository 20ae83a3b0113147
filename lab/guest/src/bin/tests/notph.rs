//! A host whose administrator has switched TPH off with `pci=notph`.

use std::fs;

use tph_abi::Errno;
use tph_lab_guest::{Control, Endpoint, Failure, Suite, module};
use vfio_tph::{CpuId, Host, MemoryType, StIndex, StMode, TagSource, VfioFunction};

use crate::check::{errno, same};

type Outcome = Result<(), Failure>;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let line = fs::read_to_string("/proc/cmdline").expect("/proc is mounted");
    if !line.split_whitespace().any(|word| word == "pci=notph") {
        return;
    }
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    if module::kernel_has_tph().expect("the kernel shows its symbols") {
        suite.test("notph::nothing_is_offered", || nothing(&nic));
        suite.test("notph::opening_clears_all_the_same", || clears(&nic, control));
    } else {
        suite.test("notph::a_kernel_without_tph_support_does_not_tell", || enables(&nic));
    }
}

fn nothing(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    let refused = Err(Errno::EOPNOTSUPP);
    same("GET_CAP", errno(tph.capability()).map(drop), refused)?;
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        same("ENABLE", errno(tph.enable(mode).map(drop)), refused)?;
    }
    same("SET_ST", errno(tph.program(&[(StIndex(0), TagSource::Clear)])), refused)?;
    same("GET_ENTRIES", errno(tph.entries(&[StIndex(0)])).map(drop), refused)?;
    let wanted = [(CpuId(0), MemoryType::Volatile)];
    same("GET_ST", errno(tph.tags(&wanted)).map(drop), refused)?;
    same("DISABLE", errno(tph.disable()), refused)?;
    let advice = tph.capability().err().and_then(|error| error.advice());
    match advice.map(|advice| advice.to_string()) {
        Some(text) if text.contains("pci=notph") => Ok(()),
        other => Err(format!("the library advises {other:?}").into()),
    }
}

/// Somebody wrote the registers behind the kernel's back.
fn clears(nic: &Endpoint, control: &mut Control) -> Outcome {
    let view = Host::default().function(nic.address)?.tph.map_err(|why| why.to_string())?;
    let at = view.ok_or("no TPH capability")?.capability.control().ok_or("no control register")?;
    let path = Host::default().folder(nic.address).join("config");
    let config = fs::OpenOptions::new().write(true).open(path)?;
    for (dword, value) in [(0, 0x302_u32), (1, 0x1234_5678)] {
        let bytes = value.to_le_bytes();
        std::os::unix::fs::FileExt::write_all_at(&config, &bytes, u64::from(at.get()) + 4 * dword)?;
    }
    same("spoiled", control.registers(&nic.name, at.get(), 2)?, vec![0x302, 0x1234_5678])?;
    let _function = VfioFunction::open(nic.address)?;
    same("opened", control.registers(&nic.name, at.get(), 2)?, vec![0, 0])
}

/// Such a kernel takes the word and forgets it.
fn enables(nic: &Endpoint) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let mut tph = function.tph();
    same("GET_CAP", errno(tph.capability()).is_ok(), true)?;
    same("ENABLE", errno(tph.enable(StMode::DeviceSpecific).map(drop)), Ok(()))
}
