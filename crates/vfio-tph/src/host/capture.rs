//! Saving what a host shows, to look at it elsewhere.
//!
//! A bundle is what [`Host`] reads, written down while it reads: everything that it will be asked for
//! is in it, and nothing else can get in. So no serial number, MAC address or host name is: nobody
//! reads them. Where a file holds more than what is read of it, the reader says what to keep.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::record::Saved;
use super::survey::{Detail, Survey};
use super::{FUNCTIONS, Host};
use crate::Error;

/// What was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// How many PCI functions.
    pub functions: usize,
    /// Of how many of them it is not known whether they have TPH: their configuration space could not
    /// be read that far.
    pub unreadable: usize,
    /// How many CPUs.
    pub cpus: usize,
    /// How many files and links.
    pub files: usize,
}

impl Host {
    /// Saves what the library reads of this host below `folder`, which is made, for
    /// [`Host::saved`]. Of configuration space these are the identity of a function, its lists of
    /// capabilities and what is decoded of PCI Express, MSI-X and TPH; of the kernel the options and
    /// boot parameters that have to do with TPH, VFIO and the IOMMU; the CPUs and their caches;
    /// drivers and IOMMU groups. Whose configuration space cannot be read that far stays unknown.
    ///
    /// # Errors
    /// [`Error::Sysfs`] if sysfs cannot be read, [`Error::Capture`] if `folder` has something in it
    /// already, or cannot be written.
    pub fn capture(&self, folder: &Path) -> Result<Captured, Error> {
        let fail = |path: &Path, source| Error::Capture { path: path.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(|source| fail(folder, source))?;
        let mut inside = std::fs::read_dir(folder).map_err(|source| fail(folder, source))?;
        if inside.next().is_some() {
            return Err(fail(folder, io::ErrorKind::DirectoryNotEmpty.into()));
        }
        let (files, recorder) = self.files.recorded();
        let (functions, unreadable, cpus) = Self { files }.read_all()?;
        let mut places: Vec<_> = recorder.places().into_iter().collect();
        // Links to folders first: other files lie behind them.
        places.sort_by_key(|(place, saved)| (!matches!(saved, Saved::Link(_)), depth(place)));
        for (place, saved) in &places {
            let path = folder.join(place.trim_start_matches('/'));
            write(folder, &path, saved).map_err(|source| fail(&path, source))?;
        }
        Ok(Captured { functions, unreadable, cpus, files: places.len() })
    }

    /// Reads all that any reader of this library reads: how many functions there are, how many of them are
    /// not known, how many CPUs.
    fn read_all(&self) -> Result<(usize, usize, usize), Error> {
        self.files.exists(FUNCTIONS);
        let (addresses, _) = self.addresses()?;
        let mut survey = Survey::new(self, Detail::Entries);
        let (mut functions, mut unreadable) = (0, 0);
        for address in addresses {
            let looked = match survey.look(address) {
                Err(Error::NoSuchFunction { .. }) => continue,
                looked => looked?,
            };
            unreadable += usize::from(looked.function.tph.is_err());
            self.group_members(address)?;
            self.vfio_device_file(address);
            self.firmware_tags(address);
            self.numa_node(address);
            self.vector_affinity(address);
            self.table_state(address);
            functions += 1;
        }
        self.kernel();
        self.read_names();
        Ok((functions, unreadable, self.topology().cpus.len()))
    }
}

fn depth(place: &str) -> usize {
    place.split('/').count()
}

/// Writes one thing. A link that leads out of `folder` is left out, so that nothing is ever written
/// through one to elsewhere.
fn write(folder: &Path, path: &Path, saved: &Saved) -> io::Result<()> {
    let parent = path.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    match saved {
        Saved::Text(text) => std::fs::write(path, format!("{text}\n")),
        Saved::There => std::fs::create_dir_all(path),
        Saved::Name(name) => link(Path::new(name), path),
        Saved::Link(target) => {
            let leads_to = inside(&parent.canonicalize()?.join(target));
            if !leads_to.starts_with(folder.canonicalize()?) {
                return Ok(());
            }
            std::fs::create_dir_all(leads_to)?;
            link(target, path)
        }
        Saved::Config { size, dwords } => {
            let mut bytes = vec![0; usize::try_from(*size).unwrap_or(0)];
            for (offset, value) in dwords {
                let at = usize::from(offset.get());
                if let Some(place) = bytes.get_mut(at..at + 4) {
                    place.copy_from_slice(&value.to_le_bytes());
                }
            }
            std::fs::write(path, bytes)
        }
    }
}

/// Two places may lie behind links to the same folder.
fn link(target: &Path, path: &Path) -> io::Result<()> {
    match symlink(target, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

/// The path without `..`.
fn inside(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain;
    use tph_lab_hosts::{FunctionFiles, Tree, known};

    #[test]
    fn every_answer_about_a_bundle_is_that_about_the_host() {
        for (name, tree) in known::all() {
            let host = Host::saved(tree.path());
            let folder = tempfile::tempdir().unwrap();
            let captured = host.capture(folder.path()).unwrap();
            let copy = Host::saved(folder.path());
            let (addresses, _) = host.addresses().unwrap();
            assert_eq!(captured.functions, addresses.len(), "{name}");
            assert_eq!(copy.addresses().unwrap().0, addresses, "{name}");
            assert_eq!(copy.topology(), host.topology(), "{name}");
            assert_eq!(copy.kernel(), host.kernel(), "{name}");
            for address in addresses {
                let (of_copy, of_host) =
                    (copy.facts(address).unwrap(), host.facts(address).unwrap());
                assert_eq!(of_copy, of_host, "{name} {address}");
                assert_eq!(explain(&of_copy), explain(&of_host), "{name} {address}");
            }
        }
    }

    #[test]
    fn what_is_not_read_is_not_in_it() {
        const SECRET: &str = "00:1b:21:7e:c0:de";
        let tree = known::demo();
        let device = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
        tree.file(&format!("{device}/net/eth0/address"), SECRET)
            .file("/proc/cmdline", &format!("ip={SECRET} intel_iommu=on"))
            .file("/etc/hostname", SECRET);
        // A serial number: two dwords behind the header of its capability.
        let image = tph_lab_hosts::ConfigImage::express(0, 0)
            .extended(&[&[0x0001_0003, 0x1122_3344, 0x5566_7788], &[0x0001_0017, 5, 0]]);
        let files = FunctionFiles { place: "0000:00:1f.0", ..FunctionFiles::default() };
        tree.function(&files, &image);
        let folder = tempfile::tempdir().unwrap();
        Host::saved(tree.path()).capture(folder.path()).unwrap();
        let copy = |place: &str| std::fs::read(folder.path().join(place)).unwrap();
        assert_eq!(copy("proc/cmdline"), b"intel_iommu=on\n");
        assert!(!folder.path().join("etc").exists());
        assert!(!folder.path().join("sys/bus/pci/devices/0000:01:00.0/net").exists());
        let config = copy("sys/bus/pci/devices/0000:00:1f.0/config");
        assert_eq!((config.len(), &config[0x104..0x10c]), (4096, &[0; 8][..]));
        assert_eq!(config[0x10c], 0x17, "and what lies behind it is found");
    }

    #[test]
    fn nothing_is_written_over_or_elsewhere() {
        let tree = Tree::new();
        tree.link("/sys/bus/pci/devices/0000:00:02.0", "../../../../../../../../tmp");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mine"), "").unwrap();
        let error = Host::saved(tree.path()).capture(folder.path()).unwrap_err();
        let path = folder.path().display();
        assert_eq!(error.to_string(), format!("{path}: directory not empty"));
        assert_eq!(
            error.advice().unwrap().to_string(),
            "Name a folder that is empty or not there."
        );
        for escape in ["/tmp/x", "../../../../../../../../tmp/x"] {
            let (root, path) = (folder.path(), folder.path().join("sys/link"));
            write(root, &path, &Saved::Link(escape.into())).unwrap();
            assert!(!path.is_symlink(), "{escape}");
        }
    }
}
