//! A device that is open to be steered: through the kernel, or of an emulated host.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tph::{Bdf, StIndex, StTable, TphCapability};
use tph_abi::{Errno, Transport};
use tph_emu::{EmuDevice, FunctionId, Interrupt};
use vfio_tph::{
    DeviceView, Error, EventFd, Host, Processes, Seen, TphDevice, VfioFd, VfioFunction,
};

use super::is_gone;
use crate::failure::Failure;
use crate::report::FunctionReport;
use crate::source::{self, Emulated};

/// An open device. TPH is off and every entry 0 when it is opened, and when this is dropped, but for one
/// that belongs to another process.
pub(super) enum Opened {
    Kernel {
        function: VfioFunction,
        address: Bdf,
        /// Who is told of the vectors that were set up: nobody.
        _vectors: Vec<EventFd>,
    },
    /// As another process has it open and set it up.
    Shared {
        file: OwnedFd,
        address: Bdf,
        process: u32,
        /// What the kernel says of the descriptor of that process.
        of_process: DeviceView,
    },
    Emulated {
        host: Emulated,
        id: FunctionId,
        device: EmuDevice,
    },
}

/// What carries requests to it.
pub(super) enum Carrier<'a> {
    Kernel(VfioFd<BorrowedFd<'a>>),
    Emulated(&'a EmuDevice),
}

impl Transport for Carrier<'_> {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        match self {
            Self::Kernel(file) => file.call(request),
            Self::Emulated(device) => device.call(request),
        }
    }
}

impl Opened {
    /// Opens what a person calls `device`, and sets up the vectors that these entries need.
    /// `emulated` is the option of that name.
    pub(super) fn open(
        device: &str,
        emulated: Option<&Option<PathBuf>>,
        indices: &[StIndex],
    ) -> Result<Self, Failure> {
        if let Some(profile) = emulated {
            let host = Emulated::start(profile.as_ref())?;
            let id = host.find(device)?;
            let device = host.open(id)?;
            connect(&device, indices)?;
            return Ok(Self::Emulated { host, id, device });
        }
        let address = source::address(device)?;
        let function = VfioFunction::open(address)?;
        let vectors = set_up_vectors(&function, indices)?;
        Ok(Self::Kernel { function, address, _vectors: vectors })
    }

    /// The device that a process of this machine has open.
    pub(super) fn of_process(device: &str, process: u32) -> Result<Self, Failure> {
        let address = source::address(device)?;
        let found = Processes::default().process(process)?;
        let (of_process, file) = found.device(address)?;
        let of_process = of_process.clone();
        Ok(Self::Shared { file, address, process, of_process })
    }

    pub(super) fn tph(&self) -> TphDevice<Carrier<'_>> {
        match self {
            Self::Kernel { function, address, .. } => {
                let carrier = Carrier::Kernel(VfioFd::new(function.as_fd()));
                TphDevice::new(carrier, address.to_string())
            }
            Self::Shared { file, address, .. } => {
                let carrier = Carrier::Kernel(VfioFd::new(file.as_fd()));
                TphDevice::new(carrier, address.to_string())
            }
            Self::Emulated { host, id, device } => {
                let name = host.host().lock().endpoint(*id).bdf().to_string();
                TphDevice::new(Carrier::Emulated(device), name)
            }
        }
    }

    /// Has `event` signalled when the kernel wants the device back; says whether that can be. An
    /// emulated host wants none back, and of a device of another process that one is told.
    pub(super) fn signal_request(&self, event: &EventFd) -> Result<bool, Failure> {
        match self {
            Self::Kernel { function, .. } => {
                function.signal_request(event)?;
                Ok(true)
            }
            Self::Shared { .. } | Self::Emulated { .. } => Ok(false),
        }
    }

    /// The process whose device it is, if that may be another than the named one: the kernel did not say
    /// which device its descriptor is.
    pub(super) fn is_perhaps_of(&self) -> Option<u32> {
        match self {
            Self::Shared { process, of_process, .. } if of_process.address.is_none() => {
                Some(*process)
            }
            _ => None,
        }
    }

    /// The process that had the device and has closed it, if one has.
    pub(super) fn closed_by(&self) -> Result<Option<u32>, Failure> {
        let Self::Shared { file, process, of_process, .. } = self else { return Ok(None) };
        let still = match Processes::default().process(*process) {
            Ok(found) => found.still_has(of_process, file),
            Err(Error::Sysfs { source, .. }) if is_gone(&source) => false,
            Err(error) => return Err(error.into()),
        };
        Ok((!still).then_some(*process))
    }

    /// What is to be seen of it and, if one is named, of a process of this machine.
    pub(super) fn see(&self, process: Option<u32>) -> Result<Seen, Failure> {
        match self {
            Self::Kernel { address, .. } | Self::Shared { address, .. } => {
                Ok(Host::default().see(*address, process)?)
            }
            Self::Emulated { host, id, .. } => source::see_emulated(host, *id, process),
        }
    }

    /// The function as it is now, if it can be seen.
    pub(super) fn look(&self) -> Option<FunctionReport> {
        match self {
            Self::Kernel { address, .. } | Self::Shared { address, .. } => {
                Host::default().function(*address).ok().as_ref().map(FunctionReport::from)
            }
            Self::Emulated { host, id, .. } => Some(host.report(*id)),
        }
    }
}

/// Is told when somebody interrupts.
pub(super) fn interrupted() -> Result<Receiver<()>, Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    let (tell, told) = channel();
    thread::spawn(move || {
        signals.forever().next();
        // Nobody listens any more when it ended for another reason.
        let _ = tell.send(());
    });
    Ok(told)
}

/// Sets up the MSI-X vectors that a table in the MSI-X table needs, as an interrupt-driven driver
/// would have. They go with the device.
fn set_up_vectors(function: &VfioFunction, indices: &[StIndex]) -> Result<Vec<EventFd>, Failure> {
    let capability = TphCapability::find(&mut function.config()).ok().flatten();
    let in_msix = matches!(capability.map(|found| found.table), Some(Ok(StTable::Msix { .. })));
    let last = indices.iter().map(|index| u32::from(index.0)).max();
    let Some(count) = last.map(|last| function.msix_vectors().min(last + 1)).filter(|_| in_msix)
    else {
        return Ok(Vec::new());
    };
    let events = (0..count).map(|_| EventFd::new(0)).collect::<Result<Vec<_>, _>>()?;
    function.enable_msix(&events)?;
    Ok(events)
}

/// The same on the emulated host.
fn connect(device: &EmuDevice, indices: &[StIndex]) -> Result<(), Failure> {
    for index in indices {
        let counter: Box<dyn Interrupt> = Box::new(Arc::new(AtomicU64::new(0)));
        match device.set_interrupt(*index, Some(counter)) {
            // A vector that is not there is no entry either, and programming says so.
            Ok(()) | Err(Errno::EINVAL) => {}
            Err(errno) => {
                let host = device.host().lock();
                let device = host.endpoint(device.function()).bdf().to_string();
                let reason = format!("setting up vector {index}: {errno}");
                return Err(Failure::Emulated { device, reason });
            }
        }
    }
    Ok(())
}
