//! Configuration space of a VFIO device whose file is all that one has.

use std::os::fd::AsFd;

use tph::{AccessError, ConfigOffset, ConfigSpace};
use tph_abi::Errno;
use vfio_bindings::bindings::vfio::VFIO_PCI_CONFIG_REGION_INDEX;

use crate::sys;

/// The configuration space of a function through its VFIO file, borrowed or owned, as VFIO shows it
/// to its user: some of it is virtual, and writes to the TPH capability change nothing.
///
/// Holding one means that the file is that of a VFIO device of a PCI function.
#[derive(Debug)]
pub struct VfioConfig<F> {
    fd: F,
    start: u64,
    size: u64,
}

impl<F: AsFd> VfioConfig<F> {
    /// Finds configuration space in `fd`.
    ///
    /// ```no_run
    /// # fn f(fd: std::os::fd::BorrowedFd<'_>) -> Result<(), vfio_tph::Errno> {
    /// let mut config = vfio_tph::VfioConfig::new(fd)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What the kernel answered: `ENOTTY` for a file that is no VFIO device, `EINVAL` for a VFIO
    /// device that is no PCI function.
    pub fn new(fd: F) -> Result<Self, Errno> {
        let (start, size) = sys::region(fd.as_fd(), VFIO_PCI_CONFIG_REGION_INDEX)?;
        Ok(Self { fd, start, size })
    }

    /// Where a dword lies in the file.
    fn place(&self, offset: ConfigOffset) -> Result<u64, AccessError> {
        let inside = u64::from(offset.get()) + 4 <= self.size;
        let place = self.start.checked_add(offset.get().into());
        place.filter(|_| inside).ok_or(AccessError::Failed)
    }
}

impl<F: AsFd> ConfigSpace for VfioConfig<F> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        match rustix::io::pread(self.fd.as_fd(), &mut bytes, self.place(offset)?) {
            Ok(4) => Ok(u32::from_le_bytes(bytes)),
            _ => Err(AccessError::Failed),
        }
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        match rustix::io::pwrite(self.fd.as_fd(), &value.to_le_bytes(), self.place(offset)?) {
            Ok(4) => Ok(()),
            _ => Err(AccessError::Failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn a_file_that_is_no_device_has_no_configuration_space() {
        let file = File::open("/dev/null").unwrap();
        assert_eq!(VfioConfig::new(&file).unwrap_err(), Errno::ENOTTY);
    }

    #[test]
    fn a_dword_past_the_end_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, [1, 0, 0, 0, 2, 0, 0, 0, 3]).unwrap();
        let mut config = VfioConfig { fd: File::open(path).unwrap(), start: 4, size: 4 };
        let read = |config: &mut VfioConfig<File>, at| {
            config.read_config(ConfigOffset::new(at).expect("a dword"))
        };
        assert_eq!(read(&mut config, 0), Ok(2));
        assert_eq!(read(&mut config, 4), Err(AccessError::Failed));
        config.size = 8;
        assert_eq!(read(&mut config, 4), Err(AccessError::Failed), "only a byte of it is there");
    }
}
