//! What has to be so when the fire is out.

use tph::MemoryType;
use tph_differential::Side;
use tph_lab_guest::{Control, VfioSubject, module};
use vfio_tph::{CpuId, StIndex, StMode, TagSource, VfioFunction};

use super::Outcome;
use super::site::Site;
use crate::check::same;
use crate::dma_buf::kept_for_checks;
pub(super) use crate::dma_buf::kernel_memory;
use crate::life::Watch;
use crate::msix::vector_events;

/// What the system around may take meanwhile, in KiB.
const NOISE: u64 = 4096;
/// The device whose table is in MSI-X, and as many of its vectors as were ever set up.
const IN_MSIX: &str = "vectors";
const VECTORS: u16 = 64;

/// No device has TPH on or a tag, and nobody uses the module.
pub(super) fn clean(sites: &[Site], control: &mut Control) -> Outcome {
    for site in sites {
        // Those without the capability have nothing to look at.
        if let Ok(mut watch) = Watch::new(&site.endpoint, control) {
            let clean = watch.expect_clean();
            clean.map_err(|error| format!("{}: {error}", site.endpoint.name))?;
        }
        if site.endpoint.name == IN_MSIX {
            let mut device = VfioSubject::open(site.endpoint.address)?;
            same("tags in the MSI-X table", device.tags(VECTORS), vec![0; VECTORS.into()])?;
        }
    }
    same("users of the module", module::users()?, 0)
}

/// A driver gets from each device what it could get before.
pub(super) fn works(sites: &[Site]) -> Outcome {
    let source = TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile };
    for name in ["nic0", IN_MSIX] {
        let Some(site) = sites.iter().find(|site| site.endpoint.name == name) else { continue };
        let function = VfioFunction::open(site.endpoint.address)?;
        let _events = if name == IN_MSIX {
            let events = vector_events()?;
            function.enable_msix(&events)?;
            events
        } else {
            Vec::new()
        };
        let mut tph = function.tph();
        tph.enable(StMode::DeviceSpecific)?.program(&[(StIndex(1), source)])?;
    }
    Ok(())
}

/// The kernel has not more memory in use than before.
pub(super) fn memory(before: u64) -> Outcome {
    let allowed = NOISE + kept_for_checks();
    let now = kernel_memory()?;
    println!("fire: {before} KiB of kernel memory before, {now} KiB after");
    match now.saturating_sub(before) {
        more if more < allowed => Ok(()),
        more => Err(format!("{more} KiB of kernel memory more than before").into()),
    }
}
