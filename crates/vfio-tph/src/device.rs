//! TPH of one device: each operation as a call.

mod culprit;
mod interface;

use std::os::fd::AsFd;

use tph::{BatchLen, CpuId, Entry, MemoryType, RequesterType, StIndex, StMode, SteeringTag};
use tph::{Programmed, TagSource};
use tph_abi::client::{self, DeviceCapability};
use tph_abi::{EntriesRequest, Errno, Operation, StRequest, Transport, layout};

use crate::{Cause, Enabled, Error, Step, VfioFd};

pub use interface::Interface;

/// The most entries of one call.
const LIMIT: usize = BatchLen::MAX as usize;

/// A tag as a device takes it: the 16 bits that go into an ST entry or a register of its own.
/// Whether 8 or 16 of them count depends on what the requester was enabled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TagBits(pub u16);

impl TagBits {
    /// The tag that a requester of this type makes of it.
    pub const fn tag(self, requester: RequesterType) -> SteeringTag {
        SteeringTag::from_entry_bits(self.0, requester)
    }
}

/// TPH of one device, through a kernel or of an emulated host: whatever carries the requests.
///
/// Each method is one operation of the interface and keeps nothing behind; [`enable`](Self::enable)
/// gives a guard that cleans up.
///
/// ```
/// use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource, TphDevice};
///
/// # fn main() -> Result<(), vfio_tph::Error> {
/// // A NIC of an emulated host; `VfioFunction::tph` has one of the kernel.
/// let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
/// let mut device = TphDevice::new(nic0, "nic0");
///
/// let mut tph = device.enable(StMode::DeviceSpecific)?;
/// let source = TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile };
/// tph.program(&[(StIndex(0), source)])?;
/// drop(tph);
/// assert_eq!(device.entries(&[StIndex(0)])?, [None], "the guard has cleared it");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TphDevice<T> {
    transport: T,
    name: String,
    request: Vec<u8>,
}

impl<F: AsFd> TphDevice<VfioFd<F>> {
    /// TPH of a VFIO device whose file is open already; `name` is how errors call it, best its
    /// address.
    ///
    /// ```no_run
    /// # fn f(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), vfio_tph::Error> {
    /// let capability = vfio_tph::TphDevice::adopt(fd, "0000:01:00.0").capability()?;
    /// # Ok(()) }
    /// ```
    pub fn adopt(fd: F, name: impl Into<String>) -> Self {
        Self::new(VfioFd::new(fd), name)
    }
}

impl<T: Transport> TphDevice<T> {
    /// TPH of the device behind `transport`, which errors call `name`.
    pub fn new(transport: T, name: impl Into<String>) -> Self {
        let name = name.into();
        tracing::trace!(device = name, "adopted");
        Self { transport, name, request: Vec::new() }
    }

    pub(crate) fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// How errors call the device.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the device can do through this interface. Changes nothing.
    ///
    /// ```
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::StMode;
    ///
    /// # let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
    /// # let mut device = vfio_tph::TphDevice::new(nic0, "nic0");
    /// let can = device.capability()?;
    /// // Entries by a number that the driver gives each queue are better than entries by interrupt.
    /// let modes = [StMode::DeviceSpecific, StMode::InterruptVector];
    /// let mode = modes.into_iter().find(|mode| can.modes.contains(*mode));
    /// assert_eq!((mode, can.table_entries), (Some(StMode::DeviceSpecific), 64));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`]; `ENOTTY` if the driver does not serve the interface.
    pub fn capability(&mut self) -> Result<DeviceCapability, Error> {
        let capability = client::capability(&mut self.transport)
            .map_err(|errno| self.error(Step::Capability, errno, None))?;
        self.done(Step::Capability);
        Ok(capability)
    }

    /// Turns TPH on for as long as the guard lives.
    ///
    /// ```
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{Errno, StMode};
    ///
    /// # let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
    /// # let mut device = vfio_tph::TphDevice::new(nic0, "nic0");
    /// let tph = device.enable(StMode::DeviceSpecific)?;
    /// tph.leave_on(); // Not even the guard turns it off then.
    /// let again = device.enable(StMode::InterruptVector).unwrap_err();
    /// assert_eq!(again.errno(), Some(Errno::EBUSY));
    /// device.disable()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`]; `EBUSY` if it is on already.
    pub fn enable(&mut self, mode: StMode) -> Result<Enabled<T, &mut Self>, Error> {
        self.turn_on(mode)?;
        Ok(Enabled::new(self))
    }

    /// Turns TPH on for as long as the guard lives, which keeps the device.
    ///
    /// # Errors
    /// As [`enable`](Self::enable).
    pub fn into_enabled(mut self, mode: StMode) -> Result<Enabled<T>, Error> {
        self.turn_on(mode)?;
        Ok(Enabled::new(self))
    }

    fn turn_on(&mut self, mode: StMode) -> Result<(), Error> {
        client::enable(&mut self.transport, mode).map_err(|errno| {
            let cause = self.why_not_enabled(mode, errno);
            self.error(Step::Enable(mode), errno, cause)
        })?;
        self.done(Step::Enable(mode));
        Ok(())
    }

    /// Turns TPH off. Entries of the ST table stay as they are. Off already is no error.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn disable(&mut self) -> Result<(), Error> {
        client::disable(&mut self.transport)
            .map_err(|errno| self.error(Step::Disable, errno, None))?;
        self.done(Step::Disable);
        Ok(())
    }

    /// Programs entries of the ST table, all or none. None is no call. Of an index that is given twice
    /// the later entry counts.
    ///
    /// A batch of more than 2048 entries, which is more than any table has, goes in parts of 2048, and
    /// then each part is all or none: after an error those before the one that the error names, by
    /// the position of its first entry in the batch, stay programmed, and those behind it were not tried.
    ///
    /// ```no_run
    /// # fn f(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{CpuId, MemoryType, StIndex, StMode, TagSource, TphDevice};
    ///
    /// let mut tph = TphDevice::adopt(fd, "0000:01:00.0").into_enabled(StMode::DeviceSpecific)?;
    /// let queue_0 = TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile };
    /// tph.program(&[(StIndex(0), queue_0), (StIndex(1), TagSource::Clear)])?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`], after which no entry (of the part) has changed; its [`Cause`] names the entry
    /// where that can be found out. With `EIO` or `ENODEV`, which also come when writing failed
    /// half-way, it may instead be that all entries of the part are 0, or that TPH is off as not even
    /// that could be written.
    pub fn program(&mut self, entries: &[(StIndex, TagSource)]) -> Result<(), Error> {
        self.program_parts(entries).1
    }

    /// Makes entries of the ST table 0; more than 2048 in parts, as [`program`](Self::program) does.
    ///
    /// # Errors
    /// As [`program`](Self::program).
    pub fn clear(&mut self, indices: &[StIndex]) -> Result<(), Error> {
        self.clear_parts(indices).1
    }

    /// Programs entries; how many, from the first on, is told beside what came of it.
    pub(crate) fn program_parts(
        &mut self,
        entries: &[(StIndex, TagSource)],
    ) -> (usize, Result<(), Error>) {
        self.set(entries, |first, count| Step::Program { first, count })
    }

    /// Clears entries; how many, from the first on, is told beside what came of it.
    pub(crate) fn clear_parts(&mut self, indices: &[StIndex]) -> (usize, Result<(), Error>) {
        let entries: Vec<_> = indices.iter().map(|index| (*index, TagSource::Clear)).collect();
        self.set(&entries, |first, count| Step::Clear { first, count })
    }

    /// The tags of CPUs, for a device whose registers take them: one without an ST table, in
    /// device-specific mode, on a host that allows it. Any number of CPUs; as many calls as it
    /// takes.
    ///
    /// ```no_run
    /// # fn f(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{CpuId, MemoryType, StMode, TphDevice};
    ///
    /// let mut tph = TphDevice::adopt(fd, "0000:01:00.0").into_enabled(StMode::DeviceSpecific)?;
    /// let tags = tph.tags(&[(CpuId(3), MemoryType::Volatile), (CpuId(7), MemoryType::Volatile)])?;
    /// # fn write_to_queue_context(queue: usize, bits: u16) {}
    /// for (queue, tag) in tags.iter().enumerate() {
    ///     write_to_queue_context(queue, tag.0); // Where, only the device's driver knows.
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`], whose [`Cause`] names the CPU where that can be found out: not the first one
    /// with `EINVAL`, which is also the answer to it while TPH is off. No tags are answered then, not
    /// even those that were.
    pub fn tags(&mut self, wanted: &[(CpuId, MemoryType)]) -> Result<Vec<TagBits>, Error> {
        let mut tags = Vec::with_capacity(wanted.len());
        for part in wanted.chunks(LIMIT) {
            let first = tags.len();
            let step = Step::Tags { first, count: part.len() };
            let found = self.ask_tags(part).map_err(|errno| {
                let cause = self.why_no_tags(part, first, errno);
                self.error(step, errno, cause)
            })?;
            self.done(step);
            tags.extend(found);
        }
        Ok(tags)
    }

    fn ask_tags(&mut self, wanted: &[(CpuId, MemoryType)]) -> Result<Vec<TagBits>, Errno> {
        let sources = wanted.iter().map(|&(cpu, memory)| TagSource::Cpu { cpu, memory });
        let entries = sources.map(|source| Entry { index: StIndex(0), source });
        self.call(Operation::GetSt, wanted.len(), entries, |request| {
            (0..wanted.len()).map_while(|at| request.st(at)).map(TagBits).collect()
        })
    }

    /// What entries of the ST table were programmed for, and what became of their CPUs since: one
    /// that went offline is said to be, and its entry keeps the tag until it is programmed anew. `None`
    /// for an entry that is not in use. Any number of entries; as many calls as it takes. Also while
    /// TPH is off.
    ///
    /// ```
    /// # fn main() -> Result<(), vfio_tph::Error> {
    /// use vfio_tph::{CpuId, CpuStanding, MemoryType, StIndex, StMode, TagSource, TphDevice};
    ///
    /// # let nic0 = tph_emu::EmuDevice::alone(&tph_emu::Profile::demo(), "nic0").unwrap();
    /// # let device = TphDevice::new(nic0, "nic0");
    /// let mut tph = device.into_enabled(StMode::DeviceSpecific)?;
    /// tph.program(&[(StIndex(5), TagSource::Cpu { cpu: CpuId(3), memory: MemoryType::Volatile })])?;
    /// let [unused, queue] = tph.entries(&[StIndex(4), StIndex(5)])?[..] else { unreachable!() };
    /// assert_eq!(unused, None);
    /// let queue = queue.expect("it was programmed");
    /// if queue.standing != CpuStanding::Reachable {
    ///     eprintln!("CPU {} is gone: choose another one", queue.cpu.0);
    /// }
    /// # assert_eq!((queue.cpu, queue.standing), (CpuId(3), CpuStanding::Reachable));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Request`]; `EINVAL` from a driver that serves the kernel series and no more.
    pub fn entries(&mut self, indices: &[StIndex]) -> Result<Vec<Option<Programmed>>, Error> {
        let mut entries = Vec::with_capacity(indices.len());
        for part in indices.chunks(LIMIT) {
            let step = Step::Entries { first: entries.len(), count: part.len() };
            let found = self.ask(part).map_err(|errno| self.error(step, errno, None))?;
            self.done(step);
            entries.extend(found);
        }
        Ok(entries)
    }

    fn ask(&mut self, indices: &[StIndex]) -> Result<Vec<Option<Programmed>>, Errno> {
        self.request.resize(layout::st_size(indices.len()), 0);
        let request = EntriesRequest::new(indices, &mut self.request);
        let mut request = request.ok_or(Errno::EINVAL)?;
        client::entries(&mut self.transport, &mut request)?;
        Ok((0..indices.len()).map(|at| request.programmed(at)).collect())
    }

    fn set(
        &mut self,
        entries: &[(StIndex, TagSource)],
        step: impl Fn(usize, usize) -> Step,
    ) -> (usize, Result<(), Error>) {
        let mut first = 0;
        for part in entries.chunks(LIMIT) {
            let step = step(first, part.len());
            let batch = part.iter().map(|&(index, source)| Entry { index, source });
            if let Err(errno) = self.call(Operation::SetSt, part.len(), batch, |_| ()) {
                let cause = self.why_not_programmed(part, first, errno);
                return (first, Err(self.error(step, errno, cause)));
            }
            self.done(step);
            first += part.len();
        }
        (first, Ok(()))
    }

    /// One call with a batch of 1 to 2048 entries; `read` takes what is needed of the answer.
    fn call<R>(
        &mut self,
        operation: Operation,
        count: usize,
        entries: impl Iterator<Item = Entry>,
        read: impl FnOnce(&StRequest<'_>) -> R,
    ) -> Result<R, Errno> {
        self.request.resize(layout::st_size(count), 0);
        let mut request = StRequest::new(operation, &mut self.request).ok_or(Errno::EINVAL)?;
        for (position, entry) in entries.enumerate() {
            request.set(position, entry);
        }
        client::call(&mut self.transport, &mut request)?;
        Ok(read(&request))
    }

    fn why_not_enabled(&mut self, mode: StMode, errno: Errno) -> Option<Cause> {
        if errno != Errno::EINVAL {
            return None;
        }
        let supported = client::capability(&mut self.transport).ok()?.modes;
        Some(if supported.contains(mode) {
            Cause::PortOrMalformed
        } else {
            Cause::ModeNotSupported { mode, supported }
        })
    }

    pub(crate) fn done(&self, step: Step) {
        tracing::debug!(device = self.name, %step, "done");
    }

    pub(crate) fn error(&self, step: Step, errno: Errno, cause: Option<Cause>) -> Error {
        let error = Error::Request { device: self.name.clone(), step, errno, cause };
        tracing::debug!(device = self.name, %step, %errno, error = error.to_string(), "refused");
        error
    }
}

#[cfg(test)]
mod tests;
