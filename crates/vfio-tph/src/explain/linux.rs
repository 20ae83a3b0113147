//! The links that a Linux host makes: how it was booted, its kernel and module, how the device is
//! bound, who may open it, the caches behind.

use super::{Answer, Binding, Evidence, Facts, Finding, Link, Reason, Served};
use crate::binding::{DRIVER, blocking};
use crate::kernel::{LOADED, PARAMETERS, RELEASE, modules_dep};
use crate::topology::{ONLINE, allocation_place};
use crate::{BootParameters, IoAllocation, Kernel, Permission};

/// Their reasons, in any order.
pub(super) fn reasons(facts: &Facts) -> Vec<Reason> {
    let mut reasons = match &facts.served {
        Served::Emulated { .. } => vec![reason(Link::Module, (Finding::Emulated, Vec::new()))],
        Served::Linux { kernel, binding } => {
            let mut reasons = vec![
                reason(Link::BootParameters, boot(kernel)),
                reason(Link::Kernel, built(kernel)),
                reason(Link::Module, module(kernel)),
            ];
            match binding {
                Some(binding) => reasons.extend(bound(facts, kernel, binding)),
                None => reasons.push(reason(Link::Driver, (Finding::BindingNotTold, Vec::new()))),
            }
            reasons
        }
    };
    reasons.push(caches(facts));
    reasons.extend(allocation(facts));
    reasons
}

type Found = (Finding, Vec<Evidence>);

fn reason(link: Link, (finding, evidence): Found) -> Reason {
    Reason { link, finding, evidence }
}

fn boot(kernel: &Kernel) -> Found {
    let Some(parameters) = &kernel.parameters else {
        return (Finding::BootNotTold, Vec::new());
    };
    let own_tph = kernel.config.as_ref().map(|config| config.has("CONFIG_PCIE_TPH"));
    let finding = match (parameters.tph_off().map(str::to_owned), own_tph) {
        (None, _) => Finding::BootedWell,
        (Some(word), Some(true)) => Finding::TphOffAtBoot(word),
        (Some(word), Some(false)) => Finding::TphOffMeaningless(word),
        (Some(word), None) => Finding::TphOffPerhaps(word),
    };
    (finding, vec![Evidence::file(PARAMETERS, parameters.words.join(" "))])
}

fn built(kernel: &Kernel) -> Found {
    let Some(release) = kernel.release.clone() else {
        return (Finding::KernelNotTold(None), Vec::new());
    };
    let Some(config) = &kernel.config else {
        let evidence = vec![Evidence::file(RELEASE, release.clone())];
        return (Finding::KernelNotTold(Some(release)), evidence);
    };
    let option = |name: &str| {
        let text = match config.value(name) {
            Some(value) => format!("{name}={value}"),
            None => format!("# {name} is not set"),
        };
        vec![Evidence::file(config.place.clone(), text)]
    };
    if !config.has("CONFIG_VFIO_PCI") && !config.has("CONFIG_VFIO_PCI_CORE") {
        return (Finding::NoVfio(release), option("CONFIG_VFIO_PCI"));
    }
    let has = config.has("CONFIG_PCIE_TPH");
    let finding = if has { Finding::TphKernel } else { Finding::StockKernel };
    (finding(release), option("CONFIG_PCIE_TPH"))
}

fn module(kernel: &Kernel) -> Found {
    let Some(module) = &kernel.module else {
        return (Finding::ModuleNotTold, Vec::new());
    };
    match module.installed {
        _ if module.loaded => (Finding::ModuleLoaded, vec![Evidence::path(LOADED)]),
        Some(false) => {
            let place = kernel.release.as_deref().map(modules_dep);
            let evidence = place.into_iter().map(Evidence::path).collect();
            (Finding::ModuleNotInstalled(kernel.release.clone()), evidence)
        }
        _ => (Finding::ModuleNotLoaded, vec![Evidence::path(LOADED)]),
    }
}

fn bound(facts: &Facts, kernel: &Kernel, binding: &Binding) -> Vec<Reason> {
    let address = facts.function.address;
    let attribute = |name: &str| crate::host::place(address, name);
    // A dump tells what sysfs said, but it is no sysfs.
    let in_sysfs = |name, target: Option<String>| {
        let evidence = Evidence::File { place: attribute(name), text: target };
        Vec::from_iter(facts.whole_bus.then_some(evidence))
    };
    let mut reasons = Vec::new();
    let off = kernel.parameters.as_ref().and_then(BootParameters::iommu_off);
    let iommu = binding.group.map(Finding::InGroup);
    let iommu = iommu.unwrap_or_else(|| Finding::NoGroup(off.map(str::to_owned)));
    let group = binding.group.map(|group| group.to_string());
    reasons.push(reason(Link::Iommu, (iommu, in_sysfs("iommu_group", group))));
    let driver = match binding.driver.as_deref() {
        Some(DRIVER) => Finding::Bound,
        other => Finding::NotBound(other.map(str::to_owned)),
    };
    let evidence = in_sysfs("driver", binding.driver.clone());
    let is_bound = driver.answer() == Answer::Yes;
    reasons.push(reason(Link::Driver, (driver, evidence)));
    if let Some(group) = binding.group {
        let evidence = in_sysfs("iommu_group/devices", None);
        reasons.push(reason(Link::Group, (others(group, binding), evidence)));
        reasons.push(reason(Link::Access, access(binding, is_bound)));
    }
    reasons
}

fn others(group: u32, binding: &Binding) -> Finding {
    let Some(members) = &binding.members else {
        return Finding::GroupNotTold(group);
    };
    let blocking = blocking(members.clone());
    if blocking.is_empty() {
        Finding::GroupFree(group, members.len())
    } else {
        Finding::GroupShared(group, blocking)
    }
}

/// The first file that keeps the user out; all of them if none does.
fn access(binding: &Binding, is_bound: bool) -> Found {
    let all = || binding.files.iter().map(|file| Evidence::path(file.place.clone())).collect();
    let first = |permission| binding.files.iter().find(|file| file.permission == permission);
    if let Some(file) = first(Permission::Refused) {
        let evidence = vec![Evidence::path(file.place.clone())];
        return (Finding::MayNotOpen(file.place.clone()), evidence);
    }
    if let Some(file) = first(Permission::NoFile) {
        let evidence = vec![Evidence::path(file.place.clone())];
        let missing = Finding::FileMissing(file.place.clone());
        return (if is_bound { missing } else { Finding::FilesLater }, evidence);
    }
    if binding.files.is_empty() || first(Permission::NotTold).is_some() {
        return (Finding::AccessNotTold, all());
    }
    let places = binding.files.iter().map(|file| file.place.clone()).collect();
    (Finding::MayOpen(places), all())
}

fn caches(facts: &Facts) -> Reason {
    let online = facts.topology.online();
    let last = facts.topology.last_level_caches();
    let level = last.iter().map(|cache| cache.level).max();
    let finding = match level {
        Some(level) => Finding::Caches { cpus: online.len(), caches: last.len(), level },
        None => Finding::CachesNotTold,
    };
    let shown = matches!(facts.served, Served::Linux { .. }) && !online.is_empty();
    let evidence = shown.then(|| Evidence::file(ONLINE, online.to_string()));
    reason(Link::Caches, (finding, evidence.into_iter().collect()))
}

fn allocation(facts: &Facts) -> Vec<Reason> {
    let found = facts.topology.allocation.iter().filter_map(|allocation| {
        let (finding, text) = match allocation.state {
            IoAllocation::Enabled => (Finding::WaysForDevices(allocation.clone()), "enabled"),
            IoAllocation::Disabled => (Finding::NoWaysForDevices(allocation.clone()), "disabled"),
            IoAllocation::NotSupported => return None,
        };
        let evidence = vec![Evidence::file(allocation_place(&allocation.resource), text)];
        Some(reason(Link::CacheAllocation, (finding, evidence)))
    });
    found.collect()
}
