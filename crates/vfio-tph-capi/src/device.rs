//! A device as C holds it.

mod peer;
mod shared;

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tph::{Control, CpuId, RequesterType, StIndex, TagSource};
use vfio_tph::{Bdf, Enabled, Errno, MemoryType, TphDevice, TphView, VfioFunction};

use crate::link::{Adopted, Link, Opened};
use crate::{Capability, Entry, EntryState, Failure, Status, Tag, numbers};
use shared::Shared;

/// A device whose TPH is used from C. Calls from several threads take turns.
///
/// TPH that was turned on through it is turned off when it is dropped, and the entries that were
/// programmed through it are cleared.
pub struct Device(Mutex<State>);

struct State {
    name: String,
    link: Shared,
    /// While TPH is on through this device.
    on: Option<Enabled<Shared>>,
}

/// C may use a device in any thread, and in several at a time.
const _: fn() = || {
    fn any_thread<T: Send + Sync>() {}
    any_thread::<Device>();
};

impl Device {
    /// The device behind `link`, which errors call `name`.
    pub fn new(link: impl Link + 'static, name: impl Into<String>) -> Self {
        let link = Shared::new(link);
        Self(Mutex::new(State { name: name.into(), link, on: None }))
    }

    /// A device that the caller has opened and keeps: its file is duplicated.
    pub(crate) fn adopt(fd: BorrowedFd<'_>, name: String) -> Result<Self, Failure> {
        match Adopted::new(fd) {
            Ok(link) => Ok(Self::new(link, name)),
            Err(errno) => {
                let why = match errno {
                    Errno::EBADF => "the file descriptor is not open",
                    Errno::ENOTTY => "the file is no VFIO device",
                    Errno::EINVAL => "the VFIO device is no PCI function",
                    _ => "the device's file does not answer",
                };
                let advice = "Give the file that VFIO_GROUP_GET_DEVICE_FD returns, or an open \
                              /dev/vfio/devices/vfioN.";
                let text = format!("{name}: adopting the device: {errno}: {why}");
                Err(Failure::new(errno, text).with_advice(advice))
            }
        }
    }

    /// Opens the function at `address`.
    pub(crate) fn open(address: &str) -> Result<Self, Failure> {
        let address: Bdf = address.parse().map_err(|_| {
            let text = format!("{address:?} is no PCI address");
            Failure::argument(text).with_advice("Write it as 0000:01:00.0 or 01:00.0.")
        })?;
        Ok(Self::new(Opened(VfioFunction::open(address)?), address.to_string()))
    }

    /// The number of the device's file.
    pub(crate) fn fd(&self) -> Result<i32, Failure> {
        let state = self.lock();
        let link = state.link.lock();
        link.fd().map(|fd| fd.as_raw_fd()).ok_or_else(|| {
            Failure::new(Errno::ENOTTY, format!("{}: the device has no file", state.name))
        })
    }

    /// What it can do; `size` is left to the caller.
    pub(crate) fn capability(&self) -> Result<Capability, Failure> {
        let found = self.lock().device().capability()?;
        let modes = found.modes.iter().map(numbers::mode_number).fold(0, |all, mode| all | mode);
        Ok(Capability { size: 0, modes, table_entries: found.table_entries.into() })
    }

    /// How things stand; `size` is left to the caller.
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        let state = self.lock();
        let interface = match state.device().capability() {
            Err(error) if error.errno() == Some(Errno::ENOTTY) => numbers::VFIOTPH_INTERFACE_NONE,
            // The one answer of a kernel that serves it for a device without TPH.
            Err(error) if error.errno() != Some(Errno::EOPNOTSUPP) => return Err(error.into()),
            _ => numbers::VFIOTPH_INTERFACE_IOCTL,
        };
        let (mode, tag_bits) = match state.control()? {
            Some((control, requester)) => {
                (control.mode().map_or(0, numbers::mode_number), u32::from(requester.tag_bits()))
            }
            None => (0, 0),
        };
        Ok(Status { size: 0, interface, mode, tag_bits })
    }

    pub(crate) fn enable(&self, mode: u32) -> Result<(), Failure> {
        let mut state = self.lock();
        let mode = numbers::mode(mode).ok_or_else(|| {
            let text = format!("{}: {mode} is no mode that can be enabled", state.name);
            Failure::argument(text).with_advice("Use one of VFIOTPH_MODE_.")
        })?;
        let enabled = state.device().into_enabled(mode)?;
        match &state.on {
            // Somebody else had turned it off. The former guard knows the entries to clear.
            Some(_) => enabled.leave_on(),
            None => state.on = Some(enabled),
        }
        Ok(())
    }

    pub(crate) fn disable(&self) -> Result<(), Failure> {
        let mut state = self.lock();
        match state.on.take() {
            Some(enabled) => Ok(enabled.disable()?),
            None => Ok(state.device().disable()?),
        }
    }

    pub(crate) fn set_entries(&self, entries: &[Entry]) -> Result<(), Failure> {
        let mut state = self.lock();
        state.one_call(entries.len())?;
        let batch: Result<Vec<_>, Failure> =
            entries.iter().enumerate().map(|(at, entry)| state.entry(at, *entry)).collect();
        state.program(&batch?)
    }

    pub(crate) fn clear_entries(&self, indices: &[u16]) -> Result<(), Failure> {
        let indices: Vec<_> = indices.iter().copied().map(StIndex).collect();
        let mut state = self.lock();
        state.one_call(indices.len())?;
        match &mut state.on {
            Some(enabled) => Ok(enabled.clear(&indices)?),
            None => Ok(state.device().clear(&indices)?),
        }
    }

    /// Fills in what the entries are for; none of them if one cannot be had.
    pub(crate) fn entries(&self, entries: &mut [EntryState]) -> Result<(), Failure> {
        let indices: Vec<_> = entries.iter().map(|entry| StIndex(entry.index)).collect();
        let found = self.lock().device().entries(&indices)?;
        for (entry, found) in entries.iter_mut().zip(found) {
            let (cpu, memory, state) = match found {
                Some(found) => {
                    let memory = numbers::memory_number(found.memory);
                    (found.cpu.0, memory, numbers::state(found.standing))
                }
                None => (numbers::VFIOTPH_CPU_CLEAR, 0, 0),
            };
            *entry = EntryState { cpu, index: entry.index, memory, state };
        }
        Ok(())
    }

    /// Fills in the tags; none of them if one cannot be had.
    pub(crate) fn tags(&self, tags: &mut [Tag]) -> Result<(), Failure> {
        let state = self.lock();
        let wanted: Result<Vec<_>, Failure> = tags
            .iter()
            .enumerate()
            .map(|(at, tag)| Ok((CpuId(tag.cpu), state.memory(at, tag.memory)?)))
            .collect();
        let found = state.device().tags(&wanted?)?;
        if found.is_empty() {
            return Ok(());
        }
        // The kernel has answered, so TPH is on.
        let (_, requester) = state.control()?.ok_or_else(|| {
            let text = format!("{}: TPH went off while its tags were asked for", state.name);
            Failure::new(Errno::EIO, text)
        })?;
        for (tag, bits) in tags.iter_mut().zip(found) {
            tag.tag = bits.tag(requester).entry_bits();
            tag.bits = requester.tag_bits();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The device, without the guard that turns TPH off.
    fn device(&self) -> TphDevice<Shared> {
        TphDevice::new(self.link.clone(), self.name.clone())
    }

    /// All or none is promised here, which parts of a batch could not keep.
    fn one_call(&self, entries: usize) -> Result<(), Failure> {
        if entries <= numbers::VFIOTPH_MAX_ENTRIES as usize {
            return Ok(());
        }
        let limit = numbers::VFIOTPH_MAX_ENTRIES;
        let text = format!(
            "{}: {entries} entries in one call, and no ST table has more than {limit}",
            self.name
        );
        Err(Failure::argument(text))
    }

    fn program(&mut self, batch: &[(StIndex, TagSource)]) -> Result<(), Failure> {
        match &mut self.on {
            Some(enabled) => Ok(enabled.program(batch)?),
            // On through somebody else who has the device open, or off: the kernel knows.
            None => Ok(self.device().program(batch)?),
        }
    }

    /// The control register and the tags that the device sends; `None` while TPH is off.
    fn control(&self) -> Result<Option<(Control, RequesterType)>, Failure> {
        TphView::when_on(&mut **self.link.lock()).map_err(|error| {
            let text = format!("{}: reading configuration space: {error}", self.name);
            Failure::new(Errno::EIO, text)
        })
    }

    fn entry(&self, at: usize, entry: Entry) -> Result<(StIndex, TagSource), Failure> {
        if entry.reserved != 0 {
            let text = format!("{}: entry {at} of the batch: reserved is not 0", self.name);
            return Err(Failure::argument(text));
        }
        let memory = self.memory(at, entry.memory)?;
        let source = match entry.cpu {
            numbers::VFIOTPH_CPU_CLEAR => TagSource::Clear,
            cpu => TagSource::Cpu { cpu: CpuId(cpu), memory },
        };
        Ok((StIndex(entry.index), source))
    }

    fn memory(&self, at: usize, number: u8) -> Result<MemoryType, Failure> {
        numbers::memory(number).ok_or_else(|| {
            let text =
                format!("{}: entry {at} of the batch: {number} is no kind of memory", self.name);
            Failure::argument(text).with_advice("Use one of VFIOTPH_MEMORY_.")
        })
    }
}
