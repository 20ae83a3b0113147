//! A device behind the module, as the conformance cases and the differential test see it.

use tph::{ConfigOffset, ConfigSpace};
use tph_abi::{Errno, Transport};
use tph_conformance::Subject;
use tph_differential::Side;
use vfio_tph::{Bdf, Error, VfioFunction};

use crate::raw::{self, Ioctl};

/// The index of the region with configuration space.
const CONFIG: u32 = 7;

/// A function opened through VFIO.
#[derive(Debug)]
pub struct VfioSubject {
    address: Bdf,
    function: Option<VfioFunction>,
}

impl VfioSubject {
    /// Opens the function at `address`.
    ///
    /// # Errors
    /// What the kernel answered.
    pub fn open(address: Bdf) -> Result<Self, Error> {
        Ok(Self { address, function: Some(VfioFunction::open(address)?) })
    }

    fn function(&self) -> &VfioFunction {
        self.function.as_ref().expect("it is open between calls")
    }
}

impl Transport for VfioSubject {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let (outcome, wrote_behind) = raw::call(self.function(), Ioctl::PciTph, request);
        assert!(!wrote_behind, "the kernel wrote behind the request");
        match outcome {
            Ok(0) => Ok(()),
            Ok(other) => panic!("the ioctl returned {other}"),
            Err(errno) => Err(Errno(errno)),
        }
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
        self.function = None;
        self.function = Some(VfioFunction::open(self.address).expect("it opens again"));
    }
}

impl Side for VfioSubject {
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno> {
        let written = self.function().write_region(CONFIG, offset.into(), bytes);
        written.map_err(|error| error.errno().unwrap_or(Errno::EIO))
    }
}
