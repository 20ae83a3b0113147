//! Resets while a user has the device: it is programmed afterwards as it was before.

use std::fs;

use tph::find_capability;
use tph_lab_guest::Failure;
use tph_lab_guest::bind::rebind;
use tph_lab_guest::raw::{self, Ioctl};
use vfio_tph::{Bdf, Host, Iommu, VfioFunction};

use super::watch::Watch;
use super::{Outcome, Test};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("a_reset_by_the_user_keeps_what_was_set", by_user),
    ("every_reset_of_sysfs_keeps_what_was_set", by_sysfs),
    ("a_function_reset_through_configuration_space_keeps_what_was_set", by_config),
    ("a_hot_reset_is_answered_as_by_vfio_pci_and_keeps_what_was_set", hot),
];

const CONFIG: u32 = 7;

fn by_user(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    function.reset()?;
    watch.expect("after VFIO_DEVICE_RESET", &before)
}

/// With each method that the kernel has for the device; a bus reset is one of them.
fn by_sysfs(watch: &mut Watch<'_>) -> Outcome {
    let folder = Host::default().folder(watch.address());
    let methods = fs::read_to_string(folder.join("reset_method"))?;
    let _function = watch.programmed()?;
    let before = watch.held()?;
    for method in methods.split_whitespace() {
        fs::write(folder.join("reset_method"), method)?;
        let reset = fs::write(folder.join("reset"), "1");
        fs::write(folder.join("reset_method"), "default")?;
        reset.map_err(|error| format!("{method}: {error}"))?;
        watch.expect(&format!("after a reset by {method}"), &before)?;
    }
    if !methods.split_whitespace().any(|method| method == "bus") {
        return Err(format!("no bus reset among the methods: {methods}").into());
    }
    Ok(())
}

fn by_config(watch: &mut Watch<'_>) -> Outcome {
    const EXPRESS: u8 = 0x10;
    const DEVICE_CONTROL: u64 = 8;
    let function = watch.programmed()?;
    let before = watch.held()?;
    let express = find_capability(&mut function.config(), EXPRESS)?;
    let at = u64::from(express.ok_or("no PCI Express capability")?.get()) + DEVICE_CONTROL;
    let mut control = [0; 2];
    function.read_region(CONFIG, at, &mut control)?;
    control[1] |= 0x80;
    function.write_region(CONFIG, at, &control)?;
    watch.expect("after Initiate Function Level Reset", &before)
}

fn hot(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let before = watch.held()?;
    let ours = hot_reset(&function)?;
    watch.expect("after a hot reset", &before)?;
    drop(function);
    rebind(watch.address(), "vfio-pci")?;
    let stock = stock_hot_reset(watch.address());
    rebind(watch.address(), "vfio-pci-tph")?;
    let stock = stock?;
    if ours != stock {
        return Err(format!("{ours:?}, and on vfio-pci {stock:?}").into());
    }
    Ok(())
}

fn stock_hot_reset(address: Bdf) -> Result<Result<u32, i32>, Failure> {
    hot_reset(&VfioFunction::open(address)?)
}

/// `VFIO_DEVICE_PCI_HOT_RESET` of the slot, with the group as the proof that it is ours; with iommufd that
/// is known.
pub(crate) fn hot_reset(function: &VfioFunction) -> Result<Result<u32, i32>, Failure> {
    let address = function.address();
    let proof = match function.iommu() {
        Iommu::Container(_) => {
            let group = Host::default().iommu_group(address).ok_or("no IOMMU group")?;
            let fd = own_fd(&format!("/dev/vfio/{group}"))?.ok_or("the group is not open")?;
            vec![1, fd]
        }
        Iommu::Iommufd(_) => vec![0],
    };
    let words: Vec<i32> = [16, 0].into_iter().chain(proof).collect();
    let mut bytes: Vec<u8> = words.into_iter().flat_map(i32::to_ne_bytes).collect();
    Ok(raw::call(function, Ioctl::PciHotReset, &mut bytes).0)
}

/// The number under which this process has `file` open.
fn own_fd(file: &str) -> Result<Option<i32>, Failure> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        if fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == file) {
            return Ok(Some(entry.file_name().to_string_lossy().parse()?));
        }
    }
    Ok(None)
}
