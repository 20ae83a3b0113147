//! The emulated endpoints of this guest, and what the host knows of them.

use std::env;

use serde::Deserialize;
use tph::{ConfigOffset, CpuId, MemoryType, RequesterType, SteeringTag, TagWord};
use tph_lab_wire::{CpuTags, Question, variables};
use vfio_tph::Bdf;

use crate::Control;
use crate::control::ControlError;

/// One endpoint: its name for the host, its address in the guest.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What the host calls it.
    pub name: String,
    /// Where the guest has it.
    pub address: Bdf,
}

/// What one queue sent, as the host's scoreboard has it.
#[derive(Clone, Debug, Deserialize)]
pub struct QueueScore {
    /// The queue.
    pub queue: u16,
    /// Packets.
    pub writes: u64,
    /// Bytes.
    pub bytes: u64,
    /// Apart for each hint.
    pub hints: Vec<HintScore>,
}

/// What one queue sent with one hint.
#[derive(Clone, Debug, Deserialize)]
pub struct HintScore {
    /// The hint; none for packets without.
    pub hint: Option<Hint>,
}

/// A hint on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Hint {
    /// The tag's bits.
    pub tag: u16,
    /// 8 or 16.
    pub tag_bits: u8,
}

#[derive(Deserialize)]
struct Scoreboard {
    queues: Vec<QueueScore>,
}

impl QueueScore {
    /// The hint that all its packets carried: `None` if they differ or there were none.
    pub fn only_hint(&self) -> Option<Option<Hint>> {
        match self.hints.as_slice() {
            [only] => Some(only.hint),
            _ => None,
        }
    }
}

impl Endpoint {
    /// All endpoints of this guest.
    ///
    /// # Panics
    /// Outside of the lab's guest.
    pub fn all() -> Vec<Self> {
        let list = |name| env::var(name).expect("this runs in the lab's guest");
        let (names, addresses) = (list(variables::ENDPOINTS), list(variables::DEVICES));
        let words = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        words(&names)
            .into_iter()
            .zip(words(&addresses))
            .map(|(name, address)| Self { name, address: address.parse().expect("an address") })
            .collect()
    }

    /// The endpoint that the host calls `name`; `None` if this guest has none.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|endpoint| endpoint.name == name)
    }

    /// Forgets what was sent, lets `act` happen, and says what the queues sent meanwhile.
    ///
    /// # Errors
    /// What `act` says, or if the host does not answer.
    pub fn sent(
        &self,
        control: &mut Control,
        act: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
    ) -> Result<Vec<QueueScore>, Box<dyn std::error::Error>> {
        control.reset_scoreboard(&self.name)?;
        act()?;
        let board: Scoreboard = serde_json::from_value(control.scoreboard(&self.name)?)?;
        Ok(board.queues)
    }

    /// A dword of configuration space as the endpoint holds it, outside of the guest.
    ///
    /// # Errors
    /// If the host does not answer.
    pub fn register(
        &self,
        control: &mut Control,
        offset: ConfigOffset,
    ) -> Result<u32, ControlError> {
        let dwords = control.registers(&self.name, offset.get(), 1)?;
        Ok(dwords.first().copied().unwrap_or_default())
    }
}

/// The CPUs that the guest's firmware names a tag for, of this width and kind of memory.
///
/// # Errors
/// If the host does not answer.
pub fn tags(
    control: &mut Control,
    memory: MemoryType,
    requester: RequesterType,
) -> Result<Vec<(CpuId, SteeringTag)>, ControlError> {
    let words: Vec<CpuTags> = control.ask(&Question::Firmware)?;
    let tag = |cpu: &CpuTags| Some((CpuId(cpu.cpu), TagWord(cpu.word).tag(memory, requester)?));
    Ok(words.iter().filter_map(tag).collect())
}
