//! TPH while it is on.

use std::borrow::BorrowMut;
use std::collections::BTreeSet;
use std::marker::PhantomData;

use tph::{CpuId, MemoryType, Programmed, StIndex, TagSource};
use tph_abi::Transport;

use crate::{Error, TagBits, TphDevice};

/// Holding one means that TPH was turned on and has not been turned off through it. When dropped it
/// clears the entries that were programmed through it and turns TPH off, in this order: turning off
/// alone leaves the entries as they are.
///
/// It borrows the device ([`TphDevice::enable`]) or keeps it ([`TphDevice::into_enabled`]), as a driver
/// does that has TPH on for as long as it lives:
///
/// ```no_run
/// use std::os::fd::OwnedFd;
/// use vfio_tph::{Enabled, StMode, TphDevice, VfioFd};
///
/// struct Driver {
///     tph: Enabled<VfioFd<OwnedFd>>,
/// }
///
/// # fn f(device: OwnedFd) -> Result<(), vfio_tph::Error> {
/// let tph = TphDevice::adopt(device, "nic0").into_enabled(StMode::InterruptVector)?;
/// let driver = Driver { tph };
/// driver.tph.disable()?; // Dropping does the same, and cannot say how it went.
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "TPH is turned off again when this is dropped"]
pub struct Enabled<T: Transport, D: BorrowMut<TphDevice<T>> = TphDevice<T>> {
    device: D,
    written: BTreeSet<StIndex>,
    finished: bool,
    transport: PhantomData<T>,
}

impl<T: Transport, D: BorrowMut<TphDevice<T>>> Enabled<T, D> {
    pub(crate) fn new(device: D) -> Self {
        Self { device, written: BTreeSet::new(), finished: false, transport: PhantomData }
    }

    /// Programs entries of the ST table, all or none.
    ///
    /// ```
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource, TphDevice};
    ///
    /// # let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
    /// # let device = TphDevice::new(nic0, "nic0");
    /// let mut tph = device.into_enabled(StMode::DeviceSpecific)?;
    /// let cpu = |cpu| TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
    /// // Queues 0 to 7, polled by CPUs 8 to 15.
    /// let batch: Vec<_> = (0..8).map(|queue| (StIndex(queue), cpu(8 + u32::from(queue)))).collect();
    /// tph.program(&batch)?;
    ///
    /// let refused = tph.program(&[(StIndex(8), cpu(0)), (StIndex(9), cpu(99))]).unwrap_err();
    /// assert!(refused.to_string().contains("entry 1 of the batch is for CPU 99"), "{refused}");
    /// assert_eq!(tph.written().count(), 8, "none of the second batch");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`TphDevice::program`]. Of a batch that was split the entries that were programmed are
    /// cleared when this is dropped, as always.
    pub fn program(&mut self, entries: &[(StIndex, TagSource)]) -> Result<(), Error> {
        let (done, outcome) = self.device.borrow_mut().program_parts(entries);
        for (index, source) in &entries[..done] {
            match source {
                TagSource::Clear => self.written.remove(index),
                TagSource::Cpu { .. } => self.written.insert(*index),
            };
        }
        outcome
    }

    /// Makes entries of the ST table 0.
    ///
    /// # Errors
    /// As [`TphDevice::program`].
    pub fn clear(&mut self, indices: &[StIndex]) -> Result<(), Error> {
        let (done, outcome) = self.device.borrow_mut().clear_parts(indices);
        for index in &indices[..done] {
            self.written.remove(index);
        }
        outcome
    }

    /// The tags of CPUs, for a device whose registers take them.
    ///
    /// # Errors
    /// As [`TphDevice::tags`].
    pub fn tags(&mut self, wanted: &[(CpuId, MemoryType)]) -> Result<Vec<TagBits>, Error> {
        self.device.borrow_mut().tags(wanted)
    }

    /// What entries of the ST table were programmed for, and what became of their CPUs since.
    ///
    /// # Errors
    /// As [`TphDevice::entries`].
    pub fn entries(&mut self, indices: &[StIndex]) -> Result<Vec<Option<Programmed>>, Error> {
        self.device.borrow_mut().entries(indices)
    }

    /// The entries that were programmed through this and hold a tag.
    pub fn written(&self) -> impl Iterator<Item = StIndex> {
        self.written.iter().copied()
    }

    /// Clears the entries that were programmed through this and turns TPH off, as dropping does,
    /// and says how it went. TPH is turned off even if the entries could not be cleared.
    ///
    /// # Errors
    /// [`Error::Request`]: the first that failed.
    pub fn disable(mut self) -> Result<(), Error> {
        self.finish()
    }

    /// Lets go of the guard and leaves TPH on, with its entries: until
    /// [`TphDevice::disable`], or until the device is closed.
    pub fn leave_on(mut self) {
        self.finished = true;
    }

    fn finish(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.finished, true) {
            return Ok(());
        }
        let written: Vec<_> = std::mem::take(&mut self.written).into_iter().collect();
        let device = self.device.borrow_mut();
        let cleared = device.clear(&written);
        let off = device.disable();
        cleared.and(off)
    }
}

impl<T: Transport, D: BorrowMut<TphDevice<T>>> Drop for Enabled<T, D> {
    /// Whoever wants to know how it went calls [`disable`](Enabled::disable); a failure is a `tracing`
    /// event here.
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            let device = self.device.borrow_mut().name();
            tracing::warn!(device, error = error.to_string(), "not cleaned up");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Call, Recorder};
    use tph::StMode;
    use tph_abi::Errno;

    const CPU_5: TagSource = TagSource::Cpu { cpu: CpuId(5), memory: MemoryType::Volatile };

    fn device(recorder: &mut Recorder) -> TphDevice<&mut Recorder> {
        TphDevice::new(recorder, "dev")
    }

    #[test]
    fn dropping_clears_what_was_written_and_turns_tph_off() {
        let mut recorder = Recorder::default();
        {
            let mut device = device(&mut recorder);
            let mut tph = device.enable(StMode::DeviceSpecific).unwrap();
            tph.program(&[(StIndex(7), CPU_5), (StIndex(2), CPU_5), (StIndex(3), CPU_5)]).unwrap();
            tph.clear(&[StIndex(3)]).unwrap();
            assert_eq!(tph.written().collect::<Vec<_>>(), [StIndex(2), StIndex(7)]);
        }
        assert_eq!(recorder.calls[3..], [Call::Program(vec![(2, None), (7, None)]), Call::Disable]);
    }

    #[test]
    fn tph_that_is_left_on_is_not_touched_again() {
        let mut recorder = Recorder::default();
        let mut tph = device(&mut recorder).into_enabled(StMode::DeviceSpecific).unwrap();
        tph.program(&[(StIndex(1), CPU_5)]).unwrap();
        tph.leave_on();
        assert_eq!(recorder.calls.last(), Some(&Call::Program(vec![(1, Some(5))])));
    }

    #[test]
    fn a_device_that_was_not_programmed_is_only_turned_off() {
        let mut recorder = Recorder::default();
        drop(device(&mut recorder).into_enabled(StMode::InterruptVector).unwrap());
        assert_eq!(recorder.calls, [Call::Enable(StMode::InterruptVector), Call::Disable]);
    }

    #[test]
    fn turning_off_in_words_is_done_once_and_tells_what_failed() {
        let mut recorder = Recorder { fail_at: Some((2, Errno::EIO)), ..Recorder::default() };
        let mut tph = device(&mut recorder).into_enabled(StMode::DeviceSpecific).unwrap();
        tph.program(&[(StIndex(1), CPU_5)]).unwrap();
        let error = tph.disable().unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: clearing 1 ST entry: EIO: a register access failed: either nothing changed, or \
             all entries of this call are 0 (or TPH is off, if even that failed)"
        );
        assert_eq!(recorder.calls[3..], [Call::Disable], "off all the same, and only once");
    }

    #[test]
    fn a_device_that_could_not_be_enabled_is_not_touched_again() {
        let mut recorder = Recorder { fail_at: Some((0, Errno::EBUSY)), ..Recorder::default() };
        let refused = device(&mut recorder).into_enabled(StMode::DeviceSpecific);
        assert_eq!(refused.unwrap_err().errno(), Some(Errno::EBUSY));
        assert_eq!(recorder.calls.len(), 1);
    }
}
