//! A function's configuration space in sysfs, to read and to write as root, whoever has the function.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

use tph::{AccessError, ConfigOffset, ConfigSpace};
use vfio_tph::{Bdf, Host};

/// The open `config` file of a function.
#[derive(Debug)]
pub struct ConfigFile(File);

impl ConfigFile {
    /// That of the function at `address`.
    ///
    /// # Errors
    /// If there is no such function.
    pub fn open(address: Bdf) -> io::Result<Self> {
        let path = Host::default().folder(address).join("config");
        OpenOptions::new().read(true).write(true).open(path).map(Self)
    }

    /// Writes the 16 bits at `offset`, and nothing beside them.
    ///
    /// # Errors
    /// What sysfs answered.
    pub fn write16(&mut self, offset: ConfigOffset, value: u16) -> io::Result<()> {
        self.0.write_all_at(&value.to_le_bytes(), offset.get().into())
    }
}

impl ConfigSpace for ConfigFile {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        self.0.read_exact_at(&mut bytes, offset.get().into()).map_err(|_| AccessError::Failed)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        let bytes = value.to_le_bytes();
        self.0.write_all_at(&bytes, offset.get().into()).map_err(|_| AccessError::Failed)
    }
}
