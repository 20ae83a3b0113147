//! A function of the emulated host, in this process.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tph::{ConfigOffset, StIndex};
use tph_abi::{Errno, Transport};
use tph_conformance::Subject;
use tph_emu::{
    Caller, DirectTags, EmuDevice, FunctionId, Host, Interrupt, OpenError, Profile, Region,
    SharedHost,
};

use crate::{Rights, Side};

/// The emulated side.
pub struct Emulated {
    host: SharedHost,
    function: FunctionId,
    caller: Caller,
    device: Option<EmuDevice>,
}

/// Why there is no emulated side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmulatedError {
    /// The profile has no such function.
    #[error("the profile has no function {0}")]
    Unknown(String),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Emulated {
    /// Opens a function of the host that the profile describes.
    ///
    /// # Errors
    /// [`EmulatedError`] if there is no such function or it does not open.
    pub fn open(
        profile: &Profile,
        function: &str,
        direct_tags: DirectTags,
    ) -> Result<Self, EmulatedError> {
        let mut host = Host::new(profile);
        host.set_direct_tags(direct_tags);
        let id = host.function_named(function);
        let function = id.ok_or_else(|| EmulatedError::Unknown(function.to_owned()))?;
        let host = SharedHost::new(host);
        let caller = caller(Rights::ALL);
        let device = EmuDevice::open(&host, function, caller.clone())?;
        Ok(Self { host, function, caller, device: Some(device) })
    }

    fn device(&self) -> &EmuDevice {
        self.device.as_ref().expect("it is open between calls")
    }
}

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let mut device = self.device();
        device.call(request)
    }
}

impl Subject for Emulated {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        let mut bytes = [0; 4];
        let read = self.device().config_read(offset.get().into(), &mut bytes);
        read.expect("configuration space can be read");
        u32::from_le_bytes(bytes)
    }

    fn reset(&mut self) {
        self.device().reset().expect("the function can be reset");
    }

    fn reopen(&mut self) {
        self.device = None;
        let device = EmuDevice::open(&self.host, self.function, self.caller.clone());
        self.device = Some(device.expect("it opens again"));
    }
}

impl Side for Emulated {
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno> {
        self.device().region_write(Region::Config, offset.into(), bytes)
    }

    fn set_up_vectors(&mut self, count: u16) -> Result<(), Errno> {
        (0..count).map(StIndex).try_for_each(|vector| {
            let counter: Box<dyn Interrupt> = Box::new(Arc::new(AtomicU64::new(0)));
            self.device().set_interrupt(vector, Some(counter))
        })
    }

    fn free_vectors(&mut self) -> Result<(), Errno> {
        self.device().free_interrupts()
    }

    fn set_rights(&mut self, rights: Rights) {
        self.caller = caller(rights);
        self.device().set_caller(self.caller.clone());
    }

    fn tags(&mut self, count: u16) -> Vec<u16> {
        let host = self.host.lock();
        let endpoint = host.endpoint(self.function);
        (0..count).map(|vector| endpoint.st_entry(StIndex(vector)).unwrap_or(0)).collect()
    }
}

fn caller(rights: Rights) -> Caller {
    let cpus = rights.cpu_numbers();
    let caller = cpus.map_or_else(Caller::anywhere, |cpus| Caller::on(cpus.into_iter().collect()));
    if rights.sys_nice { caller.with_sys_nice() } else { caller }
}
