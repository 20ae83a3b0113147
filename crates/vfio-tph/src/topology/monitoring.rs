//! What the kernel's resctrl counts for each last-level cache: `mon_data`.

use crate::Host;

const RESCTRL: &str = "/sys/fs/resctrl";
const MONITORED: &str = "/sys/fs/resctrl/mon_data";
/// How the folder of a cache is called, before its number.
const CACHE: &str = "mon_L3_";

/// What goes through a last-level cache, of all that is in the group of resctrl which everything is in at first. What the hardware
/// does not count is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheTraffic {
    /// Bytes between the cache and memory since counting began.
    pub total_bytes: Option<u64>,
    /// Those of them that are of memory of the same node.
    pub local_bytes: Option<u64>,
    /// How many bytes of the cache are in use.
    pub occupancy: Option<u64>,
}

impl CacheTraffic {
    /// That of two caches together; what one of them does not count is not known.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
        Self {
            total_bytes: sum(self.total_bytes, other.total_bytes),
            local_bytes: sum(self.local_bytes, other.local_bytes),
            occupancy: sum(self.occupancy, other.occupancy),
        }
    }
}

impl Host {
    /// Whether resctrl is mounted, whatever its processor counts.
    pub fn has_resctrl(&self) -> bool {
        !self.files.unrecorded_list(RESCTRL).is_empty()
    }

    /// What is counted for each last-level cache, by its number ([`Cache::id`](crate::Cache::id)). Empty where
    /// the processor counts nothing, or resctrl is not mounted.
    pub fn cache_traffic(&self) -> Vec<(u32, CacheTraffic)> {
        let caches = self.files.unrecorded_list(MONITORED).into_iter();
        let traffic = |folder: String| {
            let id = folder.strip_prefix(CACHE)?.parse().ok()?;
            // "Unavailable", "Error" and "Unassigned" are no numbers.
            let count = |file| self.files.number(&format!("{MONITORED}/{folder}/{file}"));
            Some((
                id,
                CacheTraffic {
                    total_bytes: count("mbm_total_bytes"),
                    local_bytes: count("mbm_local_bytes"),
                    occupancy: count("llc_occupancy"),
                },
            ))
        };
        caches.filter_map(traffic).collect()
    }
}
