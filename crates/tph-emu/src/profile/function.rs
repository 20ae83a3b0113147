//! The functions of a profile.

use serde::{Deserialize, Serialize};
use tph::{Bdf, tlp::Framing};

use super::bdf_text;

/// A PCI function with a DMA engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionProfile {
    /// What to call it; unique on the host.
    pub name: String,
    /// Its address.
    #[serde(with = "bdf_text")]
    pub bdf: Bdf,
    /// The root port above it; without one it is an endpoint inside the root complex.
    pub root_port: Option<String>,
    /// Vendor ID.
    #[serde(default = "defaults::vendor")]
    pub vendor: u16,
    /// Device ID.
    #[serde(default = "defaults::device")]
    pub device: u16,
    /// Class code, 24 bits.
    #[serde(default = "defaults::class")]
    pub class: u32,
    /// How many queues its engine has.
    #[serde(default = "defaults::queues")]
    pub queues: u16,
    /// How many places for tags its engine has, with place 0, which stands for no tag; 0 for none.
    #[serde(default)]
    pub places: u16,
    /// How many MSI-X vectors it has; 0 for no MSI-X.
    #[serde(default = "defaults::msix_vectors")]
    pub msix_vectors: u16,
    /// The size of BAR 0 in bytes.
    #[serde(default = "defaults::bar_size")]
    pub bar_size: u32,
    /// Bytes of memory in BAR 4, which its driver and its peers write to; 0 for none.
    #[serde(default)]
    pub memory: u32,
    /// TPH Completer Supported of the function itself, raw: what it makes of hints on packets that
    /// it receives.
    #[serde(default)]
    pub completer: u8,
    /// The largest payload it can send, in bytes.
    #[serde(default = "defaults::max_payload")]
    pub max_payload: u16,
    /// Its power management.
    #[serde(default)]
    pub power: PowerManagement,
    /// How the packets of its link are framed.
    #[serde(default)]
    pub framing: LinkFraming,
    /// Its TPH Requester capability, if it has one.
    pub tph: Option<TphProfile>,
}

/// A TPH Requester capability, field by field and raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TphProfile {
    /// Where it lies in configuration space.
    #[serde(default = "defaults::offset")]
    pub offset: u16,
    /// Mode bits: 1 no-ST, 2 interrupt vector, 4 device specific.
    #[serde(default)]
    pub modes: u8,
    /// Whether it can send 16-bit tags.
    #[serde(default)]
    pub extended: bool,
    /// ST Table Location, raw: 0 none, 1 in the capability, 2 in the MSI-X table, 3 reserved.
    #[serde(default)]
    pub location: u8,
    /// How many entries the ST Table Size field says, 1 to 2048.
    #[serde(default = "defaults::entries")]
    pub entries: u16,
    /// The capability register as a whole, instead of the four fields above.
    pub register: Option<u32>,
}

impl TphProfile {
    /// The capability register.
    pub fn register(&self) -> tph::Capability {
        let fields = u32::from(self.modes & 7)
            | u32::from(self.extended) << 8
            | u32::from(self.location & 3) << 9
            | u32::from(self.entries.wrapping_sub(1) & 0x7ff) << 16;
        tph::Capability(self.register.unwrap_or(fields))
    }
}

/// Whether a function has a PCI Power Management capability, and what D3hot does to its registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PowerManagement {
    /// It has none.
    #[default]
    None,
    /// On the way back to D0 it keeps its registers: `No_Soft_Reset` is set.
    Keeps,
    /// On the way back to D0 it resets itself.
    Resets,
}

/// How the packets of a link are framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkFraming {
    /// Prefixes and a TH bit.
    #[default]
    NonFlit,
    /// Orthogonal header content.
    Flit,
}

impl From<LinkFraming> for Framing {
    fn from(framing: LinkFraming) -> Self {
        match framing {
            LinkFraming::NonFlit => Self::NonFlit,
            LinkFraming::Flit => Self::Flit,
        }
    }
}

mod defaults {
    pub(super) const fn vendor() -> u16 {
        0x1234
    }

    pub(super) const fn device() -> u16 {
        0x7470
    }

    /// An Ethernet controller.
    pub(super) const fn class() -> u32 {
        0x02_0000
    }

    pub(super) const fn queues() -> u16 {
        8
    }

    pub(super) const fn msix_vectors() -> u16 {
        16
    }

    pub(super) const fn bar_size() -> u32 {
        0x4000
    }

    pub(super) const fn max_payload() -> u16 {
        256
    }

    pub(super) const fn offset() -> u16 {
        0x100
    }

    pub(super) const fn entries() -> u16 {
        1
    }
}
