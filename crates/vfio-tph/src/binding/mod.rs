//! Giving a function to the driver that serves TPH, and back to the driver that had it.
//!
//! The way is `driver_override`: it names one driver for one function, so nothing else is taken. Who
//! had the function before is nowhere in sysfs once it has gone, so a [`Record`](record) of it is kept
//! in `/run`: it has to outlive the process, and it must not outlive a reboot, as the binding does
//! not. Everything that speaks against binding is looked for before anything is changed.

mod record;
mod refusal;
mod usage;
mod writer;

use std::io;
use std::path::PathBuf;

use tph::Bdf;

use crate::host::attributes::link_name;
use crate::{Error, Host};

use record::{Record, Records};
pub use refusal::{Refusal, Usage};
pub(crate) use usage::blocking;
use writer::{Sysfs, Write};

/// The driver that serves TPH.
pub(crate) const DRIVER: &str = "vfio-pci-tph";
/// What clears a `driver_override`.
const NOTHING: &str = "\n";

/// Where this machine keeps what binding needs to know.
#[derive(Clone, Debug)]
struct Places {
    records: PathBuf,
    device_files: PathBuf,
    mounts: PathBuf,
}

/// Binds functions to `vfio-pci-tph` and gives them back.
///
/// ```no_run
/// use vfio_tph::Binder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (binder, address) = (Binder::default(), "0000:01:00.0".parse()?);
/// binder.bind(address)?;
/// binder.unbind(address)?; // Its former driver has it again.
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Binder {
    host: Host,
    places: Places,
    writer: Box<dyn Write>,
}

/// What binding came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bound {
    /// The function.
    pub address: Bdf,
    /// The driver that has it now.
    pub driver: String,
    /// The driver that had it, and will again.
    pub former: Option<String>,
    /// Its IOMMU group.
    pub group: u32,
    /// Whether anything had to be done.
    pub changed: bool,
}

/// What giving back came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Released {
    /// The function.
    pub address: Bdf,
    /// The driver that has it now.
    pub driver: Option<String>,
    /// Whether it was known who had it before; if not, the kernel chose.
    pub remembered: bool,
}

impl Default for Binder {
    fn default() -> Self {
        let places = Places {
            records: "/run/vfio-tph".into(),
            device_files: "/dev".into(),
            mounts: "/proc/self/mounts".into(),
        };
        Self { host: Host::default(), places, writer: Box::new(Sysfs) }
    }
}

impl Binder {
    /// Gives a function to `vfio-pci-tph`. One that the driver has already is left alone.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`]; [`Error::Refused`], after which everything is as it was;
    /// [`Error::Sysfs`].
    pub fn bind(&self, address: Bdf) -> Result<Bound, Error> {
        let former = self.driver(address)?;
        let group = self.host.iommu_group(address);
        let group = group.ok_or_else(|| refused(address, Refusal::NoIommuGroup))?;
        let records = Records::at(&self.places.records);
        let (choice, record) = (self.choice(address)?, records.read(address)?);
        if former.as_deref() == Some(DRIVER) {
            if record.is_some() && choice.as_deref() != Some(DRIVER) {
                // An `unbind` got no further than this.
                self.set(address, "driver_override", DRIVER)?;
            }
            let former = record.and_then(|record| record.driver);
            return Ok(Bound { address, driver: DRIVER.into(), former, group, changed: false });
        }
        if !self.host.root().join("bus/pci/drivers").join(DRIVER).exists() {
            return Err(refused(address, Refusal::ModuleNotLoaded));
        }
        self.refuse_if_used(address, group)?;
        let record = match record {
            // It was not given back to who had it: that one is still meant.
            Some(record) if former.is_none() => record,
            // A `bind` that got no further: the choice is its own.
            Some(record) if former == record.driver && choice.as_deref() == Some(DRIVER) => record,
            _ => Record { driver: former, choice },
        };
        records.write(address, &record)?;
        if let Err(error) = self.hand_over(address, DRIVER) {
            self.give_back(address, &record)?;
            records.forget(address)?;
            return Err(error);
        }
        Ok(Bound { address, driver: DRIVER.into(), former: record.driver, group, changed: true })
    }

    /// Gives a function back to the driver that had it before [`bind`](Self::bind); if nobody
    /// remembers, to whichever the kernel chooses.
    ///
    /// # Errors
    /// As [`bind`](Self::bind). If the former driver does not take it the function has no driver,
    /// and who had it stays on record for another attempt.
    pub fn unbind(&self, address: Bdf) -> Result<Released, Error> {
        let driver = self.driver(address)?;
        let records = Records::at(&self.places.records);
        let record = records.read(address)?;
        if driver.as_deref() == Some(DRIVER) {
            if let Some(usage) = self.usage(address, self.host.iommu_group(address))? {
                return Err(refused(address, Refusal::InUse(usage)));
            }
        } else if !self.is_unfinished(address, driver.as_deref(), record.as_ref())? {
            return Err(refused(address, Refusal::NotBound { driver }));
        }
        let remembered = record.is_some();
        if let Some(record) = record {
            self.give_back(address, &record)?;
        } else {
            self.set(address, "driver_override", NOTHING)?;
            self.set(address, "driver/unbind", &address.to_string())?;
            self.probe(address)?;
        }
        records.forget(address)?;
        Ok(Released { address, driver: self.driver(address)?, remembered })
    }

    /// Whether a function that our driver does not have was left so by a `bind` or `unbind` that was
    /// interrupted: without a driver, or with its former one and all but the record, perhaps the choice, as before.
    fn is_unfinished(
        &self,
        address: Bdf,
        driver: Option<&str>,
        record: Option<&Record>,
    ) -> Result<bool, Error> {
        let Some(record) = record else { return Ok(false) };
        if driver.is_none() {
            return Ok(true);
        }
        let choice = self.choice(address)?;
        let as_left = choice.as_deref() == Some(DRIVER) || choice == record.choice;
        Ok(driver == record.driver.as_deref() && as_left)
    }

    fn driver(&self, address: Bdf) -> Result<Option<String>, Error> {
        let folder = self.host.folder(address);
        if !folder.exists() {
            return Err(Error::NoSuchFunction { address });
        }
        Ok(link_name(&folder.join("driver")))
    }

    /// What `driver_override` says now.
    fn choice(&self, address: Bdf) -> Result<Option<String>, Error> {
        let path = self.host.folder(address).join("driver_override");
        match std::fs::read_to_string(&path) {
            // The kernel's word for none.
            Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| text != "(null)")),
            Err(source) => Err(Error::Sysfs { path, source }),
        }
        .map(|choice| choice.filter(|text| !text.is_empty()))
    }

    fn hand_over(&self, address: Bdf, driver: &str) -> Result<(), Error> {
        self.set(address, "driver_override", driver)?;
        if self.driver(address)?.is_some() {
            self.set(address, "driver/unbind", &address.to_string())?;
        }
        let probed = self.probe(address);
        match self.driver(address)? {
            Some(found) if found == driver => Ok(()),
            found => {
                probed?;
                let wanted = driver.to_owned();
                Err(refused(address, Refusal::NotTaken { wanted, found }))
            }
        }
    }

    /// Makes the driver and the choice of a driver what they were.
    fn give_back(&self, address: Bdf, record: &Record) -> Result<(), Error> {
        let choice = record.choice.as_deref().unwrap_or(NOTHING);
        self.set(address, "driver_override", choice)?;
        let now = self.driver(address)?;
        if now == record.driver {
            return Ok(());
        }
        if now.is_some() {
            self.set(address, "driver/unbind", &address.to_string())?;
        }
        let Some(former) = &record.driver else { return Ok(()) };
        let path = self.host.root().join("bus/pci/drivers").join(former).join("bind");
        let bound = self.write(path, &address.to_string());
        match self.driver(address)? {
            Some(found) if found == *former => Ok(()),
            found => match bound {
                // Its module is gone, or it does not want the function any more.
                Err(Error::Sysfs { .. }) | Ok(()) => {
                    let wanted = former.clone();
                    Err(refused(address, Refusal::NotTaken { wanted, found }))
                }
                Err(other) => Err(other),
            },
        }
    }

    fn probe(&self, address: Bdf) -> Result<(), Error> {
        self.write(self.host.root().join("bus/pci/drivers_probe"), &address.to_string())
    }

    fn set(&self, address: Bdf, attribute: &str, text: &str) -> Result<(), Error> {
        self.write(self.host.folder(address).join(attribute), text)
    }

    fn write(&self, path: PathBuf, text: &str) -> Result<(), Error> {
        let written: io::Result<()> = self.writer.write(&path, text);
        written.map_err(|source| Error::Sysfs { path, source })
    }
}

fn refused(address: Bdf, refusal: Refusal) -> Error {
    Error::Refused { address, refusal }
}

#[cfg(test)]
mod tests;
