//! Who would lose something if a function changed its driver.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tph::Bdf;
use tph_abi::Errno;

use super::{Binder, Refusal, Usage, refused};
use crate::{Error, GroupMember};

impl Binder {
    /// Refuses if the function is in use, or another of its group has a driver that makes DMA of its
    /// own: then VFIO will not open the group.
    pub(super) fn refuse_if_used(&self, address: Bdf, group: u32) -> Result<(), Error> {
        let others = self.other_users(address)?;
        if !others.is_empty() {
            return Err(refused(address, Refusal::GroupShared { group, others }));
        }
        match self.usage(address, Some(group))? {
            Some(usage) => Err(refused(address, Refusal::InUse(usage))),
            None => Ok(()),
        }
    }

    /// The other functions of the group whose drivers VFIO does not bear, with these.
    fn other_users(&self, address: Bdf) -> Result<Vec<(String, String)>, Error> {
        Ok(blocking(self.host.group_members(address)?))
    }

    /// What the function is in use for, as far as that can be seen.
    pub(super) fn usage(&self, address: Bdf, group: Option<u32>) -> Result<Option<Usage>, Error> {
        let folder = self.host.folder(address);
        if let Some(file) = group.and_then(|group| self.open_group(group)) {
            return Ok(Some(Usage::Open { file }));
        }
        if let Some(interface) = interface_up(&folder)? {
            return Ok(Some(Usage::Network { interface }));
        }
        self.mounted(&folder)
    }

    /// The file of the group, if somebody has it open: it can be opened only once.
    fn open_group(&self, group: u32) -> Option<String> {
        let path = self.places.device_files.join("vfio").join(group.to_string());
        let error = File::options().read(true).write(true).open(&path).err()?;
        let busy = error.raw_os_error() == Some(Errno::EBUSY.0);
        busy.then(|| path.display().to_string())
    }

    /// A mounted disk that lies behind the function.
    fn mounted(&self, folder: &Path) -> Result<Option<Usage>, Error> {
        let Ok(folder) = folder.canonicalize() else { return Ok(None) };
        let mounts = fs::read_to_string(&self.places.mounts).unwrap_or_default();
        for disk in list(&self.host.root().join("class/block"))? {
            let behind = disk.canonicalize().is_ok_and(|path| path.starts_with(&folder));
            let name = disk.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut words = mounts.lines().map(|line| line.split(' '));
            let on = words.find_map(|mut words| {
                (words.next()? == format!("/dev/{name}")).then(|| words.next()).flatten()
            });
            if let Some(on) = on.filter(|_| behind) {
                return Ok(Some(Usage::Mounted { disk: name, on: on.to_owned() }));
            }
        }
        Ok(None)
    }
}

/// Those that keep VFIO from opening the group, and their drivers.
pub(crate) fn blocking(members: Vec<GroupMember>) -> Vec<(String, String)> {
    let others = members.into_iter().filter(|member| !member.leaves_group_free());
    others.filter_map(|member| Some((member.name, member.driver?))).collect()
}

/// A network interface of the function that is up.
fn interface_up(folder: &Path) -> Result<Option<String>, Error> {
    const IFF_UP: u32 = 1;
    for interface in list(&folder.join("net"))? {
        let flags = fs::read_to_string(interface.join("flags")).unwrap_or_default();
        let digits = flags.trim().trim_start_matches("0x");
        if u32::from_str_radix(digits, 16).is_ok_and(|flags| flags & IFF_UP != 0) {
            let name = interface.file_name().unwrap_or_default();
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

/// What is in a folder; nothing if it is not there.
fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let fail = |source| Error::Sysfs { path: folder.to_path_buf(), source };
    match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fail(error)),
        Ok(entries) => entries.map(|entry| Ok(entry.map_err(fail)?.path())).collect(),
    }
}
