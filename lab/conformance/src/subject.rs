//! Who is tested, and what is known of it.

use tph::{
    AccessError, Capability, ConfigOffset, ConfigSpace, Control, CpuId, MemoryType, StIndex,
    SteeringTag, TphCapability, entry_offset,
};
use tph_abi::Transport;

/// A device behind the interface, opened by one user.
pub trait Subject: Transport {
    /// A dword of configuration space, as a user of the device reads it.
    fn config(&mut self, offset: ConfigOffset) -> u32;
    /// Resets the function, as `VFIO_DEVICE_RESET` does.
    fn reset(&mut self);
    /// Closes the device and opens it again.
    fn reopen(&mut self);
}

/// What a case may count on: both modes, CPUs that firmware has tags for, and a device with a table
/// of at least 8 entries in its capability ([`cases`](crate::cases)) or without a table
/// ([`direct_cases`](crate::direct_cases)).
#[derive(Clone, Debug)]
pub struct Facts {
    /// CPUs that the caller may steer to, with the tag that firmware names for each in the width
    /// that the device and its root port agree on.
    pub cpus: Vec<(CpuId, SteeringTag)>,
    /// The tag for persistent memory of the first of them.
    pub persistent: SteeringTag,
    /// A number that no CPU has.
    pub absent: CpuId,
}

impl Facts {
    /// A CPU and its tag for volatile memory: the `n`th, counted round.
    ///
    /// # Panics
    /// If there is no CPU to steer to.
    pub fn cpu(&self, n: usize) -> (CpuId, SteeringTag) {
        self.cpus[n % self.cpus.len()]
    }

    /// The tags of the first CPU, for each kind of memory.
    ///
    /// # Panics
    /// If there is no CPU to steer to, or the two are the same, so that nothing could be told apart.
    pub fn memories(&self) -> [(MemoryType, SteeringTag); 2] {
        let (volatile, persistent) = (self.cpu(0).1, self.persistent);
        assert_ne!(volatile, persistent, "firmware is to tell kinds of memory apart");
        [(MemoryType::Volatile, volatile), (MemoryType::Persistent, persistent)]
    }
}

/// The registers of the capability at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The capability register.
    pub capability: Capability,
    /// The control register.
    pub control: Control,
    /// The entries of the table in the capability.
    pub entries: Vec<u16>,
}

impl Registers {
    /// Reads them.
    ///
    /// # Panics
    /// If the device has no well-formed TPH capability.
    pub fn of(subject: &mut dyn Subject) -> Self {
        let capability = TphCapability::find(&mut Config(subject))
            .expect("configuration space can be read")
            .expect("the device has a TPH capability");
        let control = capability.control().expect("the capability is whole");
        let entries = (0..capability.table_entries())
            .map(|index| {
                let (dword, upper) = entry_offset(capability.offset, StIndex(index)).unwrap();
                let value = subject.config(dword).to_le_bytes();
                if upper {
                    u16::from_le_bytes([value[2], value[3]])
                } else {
                    u16::from_le_bytes([value[0], value[1]])
                }
            })
            .collect();
        Self { capability: capability.register, control: Control(subject.config(control)), entries }
    }
}

struct Config<'a>(&'a mut dyn Subject);

impl ConfigSpace for Config<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        Ok(self.0.config(offset))
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}
