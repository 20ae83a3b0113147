//! How often a function was accessed, and accesses that are made to fail.

use serde::Serialize;
use tph::AccessError;

/// How often a function was accessed since the count was last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessCounts {
    /// Reads of configuration space, of whatever width.
    pub config_reads: u64,
    /// Writes to configuration space.
    pub config_writes: u64,
    /// Those of the reads that touched the TPH capability.
    pub tph_reads: u64,
    /// Those of the writes that touched the TPH capability.
    pub tph_writes: u64,
    /// Tags written to the MSI-X table.
    pub msix_tag_writes: u64,
    /// Questions to the firmware.
    pub firmware_calls: u64,
}

/// Accesses that are made to fail. Configuration accesses and MSI-X tag writes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Injection {
    /// None.
    #[default]
    None,
    /// The access after the next `after` fails; the ones behind it work.
    FailOnce {
        /// How many work before.
        after: u32,
    },
    /// After the next `after` accesses the function is gone.
    Gone {
        /// How many work before.
        after: u32,
    },
    /// Every question to the firmware fails.
    FirmwareFails,
}

impl Injection {
    /// Lets one access through or not.
    pub(crate) fn pass(&mut self) -> Result<(), AccessError> {
        match self {
            Self::None | Self::FirmwareFails => Ok(()),
            Self::Gone { after: 0 } => Err(AccessError::Gone),
            Self::FailOnce { after: 0 } => {
                *self = Self::None;
                Err(AccessError::Failed)
            }
            Self::Gone { after } | Self::FailOnce { after } => {
                *after -= 1;
                Ok(())
            }
        }
    }
}
