//! A profile describes an emulated host in TOML: CPUs, caches, root ports, firmware, functions.
//!
//! ```toml
//! name = "small"
//! cpus = [{ id = 0, socket = 0, core = 0, uid = 7 }]
//! caches = [{ id = 0, level = 3, cpus = "0" }]
//!
//! [[root_ports]]
//! name = "port0"
//! bdf = "0000:00:01.0"
//! bus = 1
//! completer = 3
//!
//! [firmware]
//!
//! [[functions]]
//! name = "nic0"
//! bdf = "0000:01:00.0"
//! root_port = "port0"
//!
//! [functions.tph]
//! modes = 7
//! location = 1
//! entries = 64
//! ```
//!
//! docs/profile.md explains every key. Values that real hardware could hold but should not are
//! allowed on purpose (a table of 65 entries in the capability, a reserved location); values that no
//! hardware could hold are errors that name the line.

mod check;
mod cpu_list;
mod error;
mod firmware;
mod function;
mod misses;

use std::path::Path;

use serde::{Deserialize, Serialize};
use tph::Bdf;

pub use cpu_list::{CpuList, ParseCpuListError};
pub use error::{Flaw, ProfileError};
pub use firmware::{FirmwareProfile, Override, TagKind, word_of};
pub use function::{FunctionProfile, LinkFraming, PowerManagement, TphProfile};
pub use misses::MissProfile;

/// An emulated host. A profile that was read from text has passed the checks of docs/profile.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What to call the host.
    pub name: String,
    /// Its CPUs.
    pub cpus: Vec<Cpu>,
    /// Caches that CPUs share.
    #[serde(default)]
    pub caches: Vec<Cache>,
    /// The ports below which devices sit.
    #[serde(default)]
    pub root_ports: Vec<RootPortProfile>,
    /// The firmware that names tags; `None` for a host without.
    pub firmware: Option<FirmwareProfile>,
    /// A counter of cache misses; `None` for a host without.
    pub misses: Option<MissProfile>,
    /// The PCI functions.
    #[serde(default)]
    pub functions: Vec<FunctionProfile>,
}

/// One CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// Its logical number, as Linux would count.
    pub id: u32,
    /// The package it is in.
    pub socket: u32,
    /// The core it is a thread of.
    pub core: u32,
    /// Its ACPI Processor UID.
    pub uid: u32,
    /// Whether it runs; yes if not said otherwise.
    #[serde(default = "yes")]
    pub online: bool,
}

/// A cache that some CPUs share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// What to call it; unique on the host.
    pub id: u32,
    /// Its level, 1 to 4.
    pub level: u8,
    /// Whose data it holds.
    pub cpus: CpuList,
}

/// A root port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootPortProfile {
    /// What functions call it.
    pub name: String,
    /// Its address.
    #[serde(with = "bdf_text")]
    pub bdf: Bdf,
    /// The bus below it.
    pub bus: u8,
    /// TPH Completer Supported, raw: 0 to 3.
    pub completer: u8,
}

impl Profile {
    /// The two-socket host of the demonstration.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    pub fn demo() -> Self {
        Self::parse("demo.toml", include_str!("../profiles/demo.toml"))
            .expect("the profile of the demonstration is right")
    }

    /// The host of the demonstration with two functions: a NIC, and an accelerator that it writes to.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    pub fn peer() -> Self {
        Self::parse("peer.toml", include_str!("../profiles/peer.toml"))
            .expect("the profile of the demonstration is right")
    }

    /// Reads the profile in a file.
    ///
    /// # Errors
    /// [`ProfileError`] with the place and what to do.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let origin = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&origin, &text),
            Err(source) => Err(ProfileError::Unreadable { origin, source }),
        }
    }

    /// Reads a profile from text; `origin` names the text in errors.
    ///
    /// # Errors
    /// [`ProfileError`] with the place and what to do.
    pub fn parse(origin: &str, text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)
            .map_err(|source| ProfileError::Syntax { origin: origin.to_owned(), source })?;
        match check::check(&profile) {
            Ok(()) => Ok(profile),
            Err(found) => Err(found.at(origin, text)),
        }
    }

    /// The caches of a CPU, the closest first.
    pub fn caches_of(&self, cpu: u32) -> Vec<&Cache> {
        let mut caches: Vec<_> = self.caches.iter().filter(|c| c.cpus.contains(cpu)).collect();
        caches.sort_by_key(|cache| cache.level);
        caches
    }
}

const fn yes() -> bool {
    true
}

/// Addresses as text in the profile.
mod bdf_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use tph::Bdf;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(bdf: &Bdf, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(bdf)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bdf, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
