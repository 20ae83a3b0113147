//! A device behind the module, as the conformance cases and the differential test see it.

use tph::{ConfigOffset, ConfigSpace};
use tph_abi::{Errno, Transport};
use tph_conformance::Subject;
use tph_differential::{Rights, Side};
use vfio_tph::{Bar, Bdf, Error, EventFd, VfioFunction};

use crate::irq::{Interrupt, RAISE, set_irqs};
use crate::msix;
use crate::raw::{self, Ioctl};
use crate::rights;

/// The index of the region with configuration space.
const CONFIG: u32 = 7;

/// A function opened through VFIO.
#[derive(Debug)]
pub struct VfioSubject {
    address: Bdf,
    function: Option<VfioFunction>,
    /// The BAR of its MSI-X table, once somebody asked for it.
    table: Option<Bar>,
}

impl VfioSubject {
    /// Opens the function at `address`.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn open(address: Bdf) -> Result<Self, Error> {
        Ok(Self { address, function: Some(VfioFunction::open(address)?), table: None })
    }

    fn function(&self) -> &VfioFunction {
        self.function.as_ref().expect("it is open between calls")
    }
}

/// Sends a request as it is, past the library's checks.
///
/// # Errors
/// The error number that came back.
///
/// # Panics
/// If the kernel wrote behind the request, or says something else than 0; for what [`raw::call`] does not send.
pub fn send(function: &VfioFunction, ioctl: Ioctl, request: &mut [u8]) -> Result<(), Errno> {
    let (outcome, wrote_behind) = raw::call(function, ioctl, request);
    assert!(!wrote_behind, "the kernel wrote behind the request");
    match outcome {
        Ok(0) => Ok(()),
        Ok(other) => panic!("the ioctl returned {other}"),
        Err(errno) => Err(Errno(errno)),
    }
}

impl Transport for VfioSubject {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        send(self.function(), Ioctl::PciTph, request)
    }
}

impl Subject for VfioSubject {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        self.function().config().read_config(offset).expect("configuration space can be read")
    }

    fn reset(&mut self) {
        self.function().reset().expect("the function can be reset");
    }

    fn reopen(&mut self) {
        (self.table, self.function) = (None, None);
        self.function = Some(VfioFunction::open(self.address).expect("it opens again"));
    }
}

impl Side for VfioSubject {
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno> {
        let written = self.function().write_region(CONFIG, offset.into(), bytes);
        written.map_err(|error| errno(&error))
    }

    fn set_up_vectors(&mut self, count: u16) -> Result<(), Errno> {
        // VFIO keeps the events that it is given, not the files.
        let events = (0..count).map(|_| EventFd::new(0)).collect::<Result<Vec<_>, _>>();
        let events = events.expect("files can be opened");
        self.function().enable_msix(&events).map_err(|error| errno(&error))
    }

    fn free_vectors(&mut self) -> Result<(), Errno> {
        // As it is: the library keeps the number of an error to itself.
        let mut bytes = set_irqs(Interrupt::MsiX, RAISE, 0, 0);
        let (outcome, _) = raw::call(self.function(), Ioctl::SetIrqs, &mut bytes);
        outcome.map(drop).map_err(Errno)
    }

    fn set_rights(&mut self, rights: Rights) {
        rights::take(rights).expect("a process may give up what it has and take it again");
    }

    fn tags(&mut self, count: u16) -> Vec<u16> {
        let bar = self.table.take().map_or_else(|| self.function().map_bar(msix::TABLE_BAR), Ok);
        let table = self.table.insert(bar.expect("the MSI-X table can be mapped"));
        let tag = |vector| {
            let control = table.read32(msix::control_dword(vector));
            (control.expect("the table is inside of its BAR") >> 16) as u16
        };
        (0..count).map(tag).collect()
    }
}

fn errno(error: &Error) -> Errno {
    error.errno().unwrap_or(Errno::EIO)
}
