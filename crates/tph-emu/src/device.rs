//! A VFIO device of the emulated host, as a driver in this process holds it.

mod dma_buf;
mod region;
mod reset;

use std::sync::{Arc, Mutex, PoisonError};

use tph::{Requester, StIndex};
use tph_abi::{Errno, Transport};

pub use dma_buf::EmuFile;
pub use region::{BusMaster, Region};

use crate::dma::{DmaError, Memory};
use crate::host::{Caller, FunctionId, Host, SharedHost};
use crate::interrupt::Interrupt;
use crate::profile::Profile;

/// A device cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Somebody has it open.
    #[error("the device is open already; close the other handle first")]
    Busy,
    /// TPH could not be turned off.
    #[error("TPH of the device could not be put in order: {0}")]
    Tph(#[from] tph::Error),
}

/// An open VFIO device of the emulated host: it answers as a device bound to `vfio-pci-tph` does.
///
/// Opening resets the function and leaves TPH off with every entry 0, and so does dropping the last
/// clone. All operations take `&self`: calls from several threads take turns.
#[derive(Clone)]
pub struct EmuDevice(Arc<Open>);

struct Open {
    host: SharedHost,
    function: FunctionId,
    caller: Mutex<Caller>,
}

impl Open {
    fn caller(&self) -> Caller {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EmuDevice {
    /// Opens a function in the name of `caller`.
    ///
    /// # Errors
    /// [`OpenError`] if it is open already or does not answer.
    ///
    /// # Panics
    /// If `function` is of another host with more functions.
    pub fn open(
        host: &SharedHost,
        function: FunctionId,
        caller: Caller,
    ) -> Result<Self, OpenError> {
        let mut guard = host.lock();
        let (mut view, slot) = guard.parts(function, &caller);
        if slot.is_some() {
            return Err(OpenError::Busy);
        }
        view.endpoint_mut().power_up();
        let mut requester = Requester::probe(&mut view).map_err(tph::Error::from)?;
        requester.open(&mut view)?;
        *slot = Some(requester);
        drop(guard);
        let open = Open { host: host.clone(), function, caller: Mutex::new(caller) };
        Ok(Self(Arc::new(open)))
    }

    /// Makes a host of its own as `profile` describes it, and opens the function called `function` for whoever
    /// may run anywhere. `None` if there is no such function, or it does not answer.
    pub fn alone(profile: &Profile, function: &str) -> Option<Self> {
        let host = Host::new(profile);
        let function = host.function_named(function)?;
        Self::open(&SharedHost::new(host), function, Caller::anywhere()).ok()
    }

    /// The host.
    pub fn host(&self) -> &SharedHost {
        &self.0.host
    }

    /// Which function it is.
    pub fn function(&self) -> FunctionId {
        self.0.function
    }

    /// Maps all of `memory` for the device's DMA at `iova`.
    ///
    /// # Errors
    /// [`DmaError`] if it has no place there.
    pub fn map_dma(&self, iova: u64, memory: impl Memory + 'static) -> Result<(), DmaError> {
        self.0.host.lock().endpoint_mut(self.0.function).io_map_mut().map(iova, Box::new(memory))
    }

    /// Takes away the mappings that lie wholly in these addresses; says how many bytes those were.
    pub fn unmap_dma(&self, iova: u64, size: u64) -> u64 {
        self.0.host.lock().endpoint_mut(self.0.function).io_map_mut().unmap(iova, size)
    }

    /// Sets up an MSI-X vector and says who is told when it fires. With nobody a vector that is set
    /// up stays so, as through VFIO: its tag stays until [`free_interrupts`](Self::free_interrupts).
    ///
    /// # Errors
    /// `EINVAL` if there is no such vector.
    pub fn set_interrupt(
        &self,
        vector: StIndex,
        interrupt: Option<Box<dyn Interrupt>>,
    ) -> Result<(), Errno> {
        let mut host = self.0.host.lock();
        let endpoint = host.endpoint_mut(self.0.function);
        if interrupt.is_some() {
            endpoint.set_up_vector(vector);
        }
        if endpoint.connect(vector, interrupt) { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// Frees all MSI-X vectors, as `VFIO_DEVICE_SET_IRQS` without any does. Their tags go before.
    ///
    /// # Errors
    /// `EINVAL` if none is set up.
    pub fn free_interrupts(&self) -> Result<(), Errno> {
        let mut host = self.0.host.lock();
        let caller = self.0.caller();
        let (mut view, slot) = host.parts(self.0.function, &caller);
        if let Some(requester) = slot {
            // What is not reached is out of what the kernel keeps, and freeing writes that.
            let _ = requester.release_vectors(&mut view);
        }
        if view.endpoint_mut().free_vectors() { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// Lets another process make the requests from now on, or the same with other rights.
    pub fn set_caller(&self, caller: Caller) {
        *self.0.caller.lock().unwrap_or_else(PoisonError::into_inner) = caller;
    }

    /// Resets the function as `VFIO_DEVICE_RESET` does: what VFIO and the module saved comes back,
    /// TPH mode and table included; the registers in its BARs do not.
    ///
    /// # Errors
    /// `EIO` or `ENODEV` if TPH could not be restored; it is off then.
    pub fn reset(&self) -> Result<(), Errno> {
        let mut host = self.0.host.lock();
        let caller = self.0.caller();
        let (mut view, slot) = host.parts(self.0.function, &caller);
        let requester = slot.as_mut().ok_or(Errno::EBADF)?;
        view.endpoint_mut().reset_and_restore();
        let restored = requester.restore(&mut view).map_err(Errno::from);
        host.exports_moved(self.0.function);
        restored
    }
}

impl Transport for &EmuDevice {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let mut copy = copy_in(request)?;
        let mut host = self.0.host.lock();
        let caller = self.0.caller();
        let (mut view, slot) = host.parts(self.0.function, &caller);
        let requester = slot.as_mut().ok_or(Errno::EBADF)?;
        let answer = match tph_abi::answer_dma_buf(&mut copy, &mut view) {
            Some(answer) => answer?,
            None => tph_abi::dispatch(&mut copy, requester, &mut view)?,
        };
        let places = request.get_mut(answer.clone()).into_iter().flatten();
        for (place, byte) in places.zip(copy.get(answer).unwrap_or_default()) {
            *place = *byte;
        }
        Ok(())
    }
}

/// As many bytes of a request as it needs, copied as the kernel copies them: what is worked on is not
/// the caller's memory.
fn copy_in(request: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut copy = Vec::new();
    loop {
        let needed = tph_abi::needed(&copy)?;
        if needed <= copy.len() {
            return Ok(copy);
        }
        copy.extend_from_slice(request.get(copy.len()..needed).ok_or(Errno::EFAULT)?);
    }
}

impl Transport for EmuDevice {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        (&*self).call(request)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut host = self.host.lock();
        let caller = self.caller();
        let (mut view, slot) = host.parts(self.function, &caller);
        if let Some(mut requester) = slot.take() {
            // A function that does not answer any more has no TPH to turn off.
            let _ = requester.close(&mut view);
        }
        view.endpoint_mut().power_down();
        host.exports_orphaned(self.function);
    }
}

impl std::fmt::Debug for EmuDevice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmuDevice").field("function", &self.0.function).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
