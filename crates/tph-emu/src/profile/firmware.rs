//! The firmware of a profile: which tag stands for which CPU.

use serde::{Deserialize, Serialize};
use tph::{MemoryType, SteeringTag, Tag8, Tag16, TagWord};

use super::{Cpu, Profile};

/// Firmware that names tags. Each CPU gets four tags by a rule ([`word_of`]), unless its word is
/// given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmwareProfile {
    /// Which tags it marks valid; all four if not said otherwise.
    #[serde(default = "TagKind::all")]
    pub valid: Vec<TagKind>,
    /// CPUs whose word does not follow the rule.
    #[serde(default)]
    pub words: Vec<Override>,
}

/// One of the four tags of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TagKind {
    /// For volatile memory, 8 bits.
    #[serde(rename = "volatile-8")]
    Volatile8,
    /// For volatile memory, 16 bits.
    #[serde(rename = "volatile-16")]
    Volatile16,
    /// For persistent memory, 8 bits.
    #[serde(rename = "persistent-8")]
    Persistent8,
    /// For persistent memory, 16 bits.
    #[serde(rename = "persistent-16")]
    Persistent16,
}

impl TagKind {
    /// All four.
    pub fn all() -> Vec<Self> {
        vec![Self::Volatile8, Self::Volatile16, Self::Persistent8, Self::Persistent16]
    }
}

/// The word that firmware answers for one CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The CPU, by its logical number.
    pub cpu: u32,
    /// The 64 bits, hexadecimal in quotes: TOML's own integers end at 63.
    #[serde(with = "hex_text")]
    pub word: u64,
}

/// The word that firmware answers for a CPU, 0 for one that the profile does not have.
///
/// The rule: with *n* the position of the CPU in the profile and *c* the number of the largest cache
/// it shares, its 8-bit tags are `5 n + 67` for volatile and `5 n + 195` for persistent memory, and
/// its 16-bit tags have `0x40 + c` and `0xc0 + c` above `5 n + 3`, all modulo 256. So on a host of up
/// to 64 CPUs tags are unique, none is 0, and no 8-bit tag is the lower byte of a 16-bit one: the
/// three are `5 m + 3` for *m* from 0, 64 and 192 on, and 5 is odd.
pub fn word_of(profile: &Profile, firmware: &FirmwareProfile, cpu: u32) -> TagWord {
    if let Some(given) = firmware.words.iter().find(|given| given.cpu == cpu) {
        return TagWord(given.word);
    }
    let Some(position) = profile.cpus.iter().position(|known: &Cpu| known.id == cpu) else {
        return TagWord(0);
    };
    let cache = profile.caches_of(cpu).last().map_or(0, |cache| cache.id);
    let cache = cache.to_le_bytes()[0] & 0x3f;
    let step = |from: usize| (5 * (position + from) + 3).to_le_bytes()[0];
    let (low, volatile, persistent) = (step(0), step(64), step(192));
    firmware.valid.iter().fold(TagWord(0), |word, kind| match kind {
        TagKind::Volatile8 => {
            word.with_tag(MemoryType::Volatile, SteeringTag::Standard(Tag8(volatile)))
        }
        TagKind::Volatile16 => word.with_tag(MemoryType::Volatile, wide(0x40 + cache, low)),
        TagKind::Persistent8 => {
            word.with_tag(MemoryType::Persistent, SteeringTag::Standard(Tag8(persistent)))
        }
        TagKind::Persistent16 => word.with_tag(MemoryType::Persistent, wide(0xc0 + cache, low)),
    })
}

const fn wide(high: u8, low: u8) -> SteeringTag {
    SteeringTag::Extended(Tag16(u16::from_be_bytes([high, low])))
}

/// 64 bits as hexadecimal text.
mod hex_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(word: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{word:#018x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
        digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is no 64-bit word: write it as \"0x0123abcd\""))
        })
    }
}
