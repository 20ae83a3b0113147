//! Sockets and their caches in words.

use std::collections::BTreeSet;

use vfio_tph::CacheDomain;

use crate::words;

/// Such as `L3 1`; the number is the kernel's.
pub(super) fn cache(domain: &CacheDomain) -> Option<String> {
    let cache = domain.cache.as_ref()?;
    let number = cache.id.map(|id| format!(" {id}")).unwrap_or_default();
    Some(format!("L{}{number}", cache.level))
}

/// Such as `32 MiB`.
pub(super) fn size(domain: &CacheDomain) -> Option<String> {
    domain.cache.as_ref()?.size.map(words::size)
}

/// The CPUs, as short as can be.
pub(super) fn cpus(cpus: &vfio_tph::CpuSet) -> String {
    words::numbers(cpus.iter().map(|cpu| cpu.0))
}

/// Numbers of NUMA nodes or dies; `None` if there are none.
pub(super) fn numbers(set: &BTreeSet<u32>) -> Option<String> {
    (!set.is_empty()).then(|| words::numbers(set.iter().copied()))
}
