//! How much of a cache writes of devices may take: `io_alloc` of the kernel's resctrl.

use crate::host::sysroot::Sysroot;

const INFO: &str = "/sys/fs/resctrl/info";

/// What the kernel says of writes of devices into the caches of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheAllocation {
    /// The resource: `L3`, or `L3CODE` and `L3DATA` where code and data are told apart.
    pub resource: String,
    /// Whether devices have ways of their own.
    pub state: IoAllocation,
    /// The ways that devices may take, a bit each, by the number of the cache
    /// ([`Cache::id`](super::Cache::id)). The kernel tells only while it is enabled.
    pub ways: Vec<(u32, u64)>,
}

/// Whether the ways that writes of devices may take can be, and are, chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoAllocation {
    /// [`ways`](CacheAllocation::ways) counts.
    Enabled,
    /// It could be.
    Disabled,
    /// Not by this hardware.
    NotSupported,
}

pub(super) fn read(files: &Sysroot) -> Vec<CacheAllocation> {
    let resources = ["L3", "L3CODE", "L3DATA"];
    resources.into_iter().filter_map(|resource| allocation(files, resource)).collect()
}

/// Where the kernel says whether it is enabled.
pub(crate) fn place(resource: &str) -> String {
    format!("{INFO}/{resource}/io_alloc")
}

fn allocation(files: &Sysroot, resource: &str) -> Option<CacheAllocation> {
    let state = match files.text(&place(resource))?.as_str() {
        "enabled" => IoAllocation::Enabled,
        "disabled" => IoAllocation::Disabled,
        _ => IoAllocation::NotSupported,
    };
    let ways = match state {
        IoAllocation::Enabled => files.text(&format!("{INFO}/{resource}/io_alloc_cbm")),
        _ => None,
    };
    let ways = ways.as_deref().map(masks).unwrap_or_default();
    Some(CacheAllocation { resource: resource.to_owned(), state, ways })
}

/// The kernel writes `0=fff0;1=fff0`.
fn masks(text: &str) -> Vec<(u32, u64)> {
    let mask = |part: &str| {
        let (id, mask) = part.trim().split_once('=')?;
        Some((id.parse().ok()?, u64::from_str_radix(mask, 16).ok()?))
    };
    text.split(';').filter_map(mask).collect()
}
