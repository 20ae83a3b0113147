//! TPH of one device: each operation as a call.

use std::os::fd::AsFd;

use tph::{BatchLen, CpuId, Entry, MemoryType, RequesterType, StIndex, StMode, SteeringTag};
use tph::{Programmed, TagSource};
use tph_abi::client::{self, DeviceCapability};
use tph_abi::{EntriesRequest, Errno, Operation, StRequest, Transport, layout};

use crate::{Cause, Enabled, Error, Step, VfioFd};

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
        Self { transport, name: name.into(), request: Vec::new() }
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
    /// # Errors
    /// [`Error::Request`]; `ENOTTY` if the driver does not serve the interface.
    pub fn capability(&mut self) -> Result<DeviceCapability, Error> {
        client::capability(&mut self.transport)
            .map_err(|errno| self.error(Step::Capability, errno, None))
    }

    /// Turns TPH on for as long as the guard lives.
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
        })
    }

    /// Turns TPH off. Entries of the ST table stay as they are. Off already is no error.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn disable(&mut self) -> Result<(), Error> {
        client::disable(&mut self.transport).map_err(|errno| self.error(Step::Disable, errno, None))
    }

    /// Programs entries of the ST table, all or none, in one call. None is no call.
    ///
    /// # Errors
    /// [`Error::TooManyEntries`] for more than any table has; [`Error::Request`], after which no
    /// entry has changed. With `EIO` or `ENODEV`, which also come when writing failed half-way, it
    /// may instead be that all entries of the batch are 0, or that TPH is off as not even that
    /// could be written.
    pub fn program(&mut self, entries: &[(StIndex, TagSource)]) -> Result<(), Error> {
        self.set(entries, Step::Program { entries: entries.len() })
    }

    /// Makes entries of the ST table 0.
    ///
    /// # Errors
    /// As [`program`](Self::program).
    pub fn clear(&mut self, indices: &[StIndex]) -> Result<(), Error> {
        let entries: Vec<_> = indices.iter().map(|index| (*index, TagSource::Clear)).collect();
        self.set(&entries, Step::Clear { entries: entries.len() })
    }

    /// The tags of CPUs, for a device whose registers take them: one without an ST table, in
    /// device-specific mode, on a host that allows it. Any number of CPUs; as many calls as it
    /// takes.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn tags(&mut self, wanted: &[(CpuId, MemoryType)]) -> Result<Vec<TagBits>, Error> {
        let mut tags = Vec::with_capacity(wanted.len());
        for part in wanted.chunks(BatchLen::MAX as usize) {
            let step = Step::Tags { first: tags.len(), count: part.len() };
            let sources = part.iter().map(|&(cpu, memory)| TagSource::Cpu { cpu, memory });
            let entries = sources.map(|source| Entry { index: StIndex(0), source });
            let answer = self.call(Operation::GetSt, part.len(), entries, |request| {
                (0..part.len()).map_while(|at| request.st(at)).map(TagBits).collect::<Vec<_>>()
            });
            tags.extend(answer.map_err(|errno| self.error(step, errno, None))?);
        }
        Ok(tags)
    }

    /// What entries of the ST table were programmed for, and what became of their CPUs since: one
    /// that went offline is said to be, and its entry keeps the tag until it is programmed anew. `None`
    /// for an entry that is not in use. Any number of entries; as many calls as it takes. Also while
    /// TPH is off.
    ///
    /// # Errors
    /// [`Error::Request`]; `EINVAL` from a driver that serves the kernel series and no more.
    pub fn entries(&mut self, indices: &[StIndex]) -> Result<Vec<Option<Programmed>>, Error> {
        let mut entries = Vec::with_capacity(indices.len());
        for part in indices.chunks(BatchLen::MAX as usize) {
            let step = Step::Entries { first: entries.len(), count: part.len() };
            let found = self.ask(part).map_err(|errno| self.error(step, errno, None))?;
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

    fn set(&mut self, entries: &[(StIndex, TagSource)], step: Step) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        if entries.len() > BatchLen::MAX as usize {
            let device = self.name.clone();
            return Err(Error::TooManyEntries { device, entries: entries.len() });
        }
        let batch = entries.iter().map(|&(index, source)| Entry { index, source });
        self.call(Operation::SetSt, entries.len(), batch, |_| ()).map_err(|errno| {
            let cause = self.why_not_programmed(entries, errno);
            self.error(step, errno, cause)
        })
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

    fn why_not_programmed(
        &mut self,
        batch: &[(StIndex, TagSource)],
        errno: Errno,
    ) -> Option<Cause> {
        if errno != Errno::ENXIO {
            return None;
        }
        let entries = client::capability(&mut self.transport).ok()?.table_entries;
        let outside = batch.iter().position(|(index, _)| index.0 >= entries);
        Some(outside.map_or(Cause::VectorNotSetUp, |position| Cause::IndexOutsideTable {
            position,
            index: batch[position].0,
            entries,
        }))
    }

    fn error(&self, step: Step, errno: Errno, cause: Option<Cause>) -> Error {
        Error::Request { device: self.name.clone(), step, errno, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Call, Recorder};
    use tph::CpuStanding;

    fn cpu(cpu: u32) -> TagSource {
        TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile }
    }

    #[test]
    fn each_operation_is_one_request() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        let capability = device.capability().unwrap();
        assert_eq!(capability.table_entries, 64);
        assert!(capability.modes.contains(StMode::InterruptVector));
        device.program(&[(StIndex(3), cpu(5)), (StIndex(9), TagSource::Clear)]).unwrap();
        device.clear(&[StIndex(3)]).unwrap();
        device.disable().unwrap();
        assert_eq!(
            device.transport.calls,
            [
                Call::Capability,
                Call::Program(vec![(3, Some(5)), (9, None)]),
                Call::Program(vec![(3, None)]),
                Call::Disable
            ]
        );
    }

    #[test]
    fn nothing_to_program_is_no_request() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        device.program(&[]).unwrap();
        device.clear(&[]).unwrap();
        assert_eq!(device.tags(&[]).unwrap(), []);
        assert_eq!(device.transport.calls, []);
    }

    #[test]
    fn more_tags_than_a_call_takes_are_asked_for_in_parts() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        let wanted: Vec<_> = (0..4097).map(|cpu| (CpuId(cpu), MemoryType::Persistent)).collect();
        let tags = device.tags(&wanted).unwrap();
        let expected: Vec<_> = (0..4097_u16).map(|cpu| TagBits(cpu + 1)).collect();
        assert_eq!(tags, expected);
        assert_eq!(device.transport.calls, [Call::Tags(2048), Call::Tags(2048), Call::Tags(1)]);
    }

    #[test]
    fn more_entries_than_a_call_takes_are_looked_at_in_parts() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        let indices: Vec<_> = (0..2049).map(StIndex).collect();
        let entries = device.entries(&indices).unwrap();
        let of = |index: &StIndex| {
            let (cpu, memory) = (CpuId(index.0.into()), MemoryType::Persistent);
            Some(Programmed { cpu, memory, standing: CpuStanding::Offline })
        };
        let expected = indices.iter().map(|index| of(index).filter(|_| index.0 != 0));
        assert_eq!(entries, expected.collect::<Vec<_>>());
        assert_eq!(device.transport.calls, [Call::Entries(2048), Call::Entries(1)]);
        device.transport.fail_at = Some((2, Errno::EINVAL));
        let error = device.entries(&indices[..1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: asking about 1 ST entry: EINVAL: the driver that has the device does not know \
             this question, or the device's capability is malformed"
        );
    }

    #[test]
    fn more_entries_than_a_table_has_are_refused_without_a_request() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        let entries: Vec<_> = (0..2049).map(|index| (StIndex(index), cpu(0))).collect();
        let error = device.program(&entries).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: 2049 entries in one call, and no ST table has more than 2048"
        );
        assert_eq!(device.transport.calls, []);
        device.program(&entries[..2048]).unwrap();
        assert_eq!(device.transport.calls.len(), 1);
    }

    #[test]
    fn an_index_outside_of_the_table_is_named() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        device.transport.fail_at = Some((0, Errno::ENXIO));
        let error = device.program(&[(StIndex(63), cpu(0)), (StIndex(64), cpu(0))]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: programming 2 ST entries: ENXIO: entry 1 of the batch is for ST entry 64, and \
             the table has 64"
        );
        device.transport.fail_at = Some((2, Errno::ENXIO));
        let error = device.program(&[(StIndex(63), cpu(0))]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: programming 1 ST entry: ENXIO: the MSI-X vector of one of the entries is not set \
             up"
        );
    }

    #[test]
    fn a_mode_that_the_device_has_not_is_named() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        let error = device.enable(StMode::NoSt).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: enabling no-ST mode: EINVAL: no-ST mode cannot be asked for: turn TPH off instead"
        );
        assert_eq!(error.errno(), Some(Errno::EINVAL));
    }

    #[test]
    fn a_refusal_names_the_part_of_the_batch() {
        let mut device = TphDevice::new(Recorder::default(), "dev");
        device.transport.fail_at = Some((1, Errno::ENODATA));
        let error = device.tags(&vec![(CpuId(0), MemoryType::Volatile); 3000]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "dev: asking for tags 2048 to 2999: ENODATA: the firmware names no such tag for one \
             of the CPUs"
        );
    }
}
