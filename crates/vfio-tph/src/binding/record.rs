//! Who had a function before: a file for each, written before anything is changed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tph::Bdf;

use crate::Error;

/// How a function was bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Its driver.
    pub(super) driver: Option<String>,
    /// Its `driver_override`.
    pub(super) choice: Option<String>,
}

/// The folder of the files, named like the functions.
pub(super) struct Records<'a> {
    folder: &'a Path,
}

impl<'a> Records<'a> {
    pub(super) fn at(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The record of a function, if there is one.
    pub(super) fn read(&self, address: Bdf) -> Result<Option<Record>, Error> {
        let path = self.path(address);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Record { path, source }),
            Ok(text) => text,
        };
        let value = |key| text.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        Ok(Some(Record { driver: value("driver="), choice: value("driver_override=") }))
    }

    /// Keeps a record; the file is whole or not there.
    pub(super) fn write(&self, address: Bdf, record: &Record) -> Result<(), Error> {
        let path = self.path(address);
        let line = |key: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("{key}={value}\n")).unwrap_or_default()
        };
        let text = line("driver", &record.driver) + &line("driver_override", &record.choice);
        let write = || -> io::Result<()> {
            fs::create_dir_all(self.folder)?;
            let new = self.folder.join(format!(".{address}"));
            fs::write(&new, text)?;
            fs::rename(new, &path)
        };
        write().map_err(|source| Error::Record { path: self.path(address), source })
    }

    /// Drops the record of a function; there need not be one.
    pub(super) fn forget(&self, address: Bdf) -> Result<(), Error> {
        let path = self.path(address);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::Record { path, source: error })
            }
            _ => Ok(()),
        }
    }

    fn path(&self, address: Bdf) -> PathBuf {
        self.folder.join(address.to_string())
    }
}
