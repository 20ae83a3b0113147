//! The CPUs of an emulated host, as the library shows those of every host.

use tph::{AcpiUid, CpuId, CpuPresence};
use tph_emu::Profile;
use vfio_tph::{Cache, CacheKind, Cpu, Topology};

/// The CPUs and the caches that a profile describes.
pub(super) fn of(profile: &Profile) -> Topology {
    let cpus = profile.cpus.iter().map(|known| {
        let presence = if known.online { CpuPresence::Online } else { CpuPresence::Offline };
        let mut cpu = Cpu::new(CpuId(known.id), presence);
        cpu.package = Some(known.socket);
        cpu.core = Some(known.core);
        cpu.acpi_uid = Some(AcpiUid(known.uid));
        cpu
    });
    let caches = profile.caches.iter().map(|known| {
        let cpus = known.cpus.iter().map(CpuId).collect();
        let mut cache = Cache::new(known.level, CacheKind::Unified, cpus);
        cache.id = Some(known.id);
        cache
    });
    Topology::new(cpus.collect(), caches.collect())
}
