//! How often the readers of an emulated host miss their caches.

use serde::{Deserialize, Serialize};

/// A counter of last-level cache misses ([`MissCounter`](crate::MissCounter)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissProfile {
    /// Of 1000 lines that came with a tag of the reader's last cache, how many it misses.
    pub steered: u16,
    /// Of 1000 other lines.
    pub unsteered: u16,
    /// The standard deviation of what is counted between two reads, in thousandths of it.
    #[serde(default)]
    pub noise: u16,
    /// Where the noise starts.
    #[serde(default)]
    pub seed: u64,
}
