//! How a kernel was built.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use crate::host::record::Saved;
use crate::host::sysroot::Sysroot;

/// The options that say something about TPH and VFIO; others are not kept.
const OPTIONS: [&str; 8] = [
    "CONFIG_PCIE_TPH",
    "CONFIG_VFIO",
    "CONFIG_VFIO_PCI",
    "CONFIG_VFIO_PCI_CORE",
    "CONFIG_VFIO_DEVICE_CDEV",
    "CONFIG_VFIO_GROUP",
    "CONFIG_IOMMUFD",
    "CONFIG_ACPI",
];

/// The options of a kernel that have to do with TPH and VFIO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelConfig {
    /// The file that says so.
    pub place: String,
    options: BTreeMap<&'static str, String>,
}

/// The largest configuration that is read: many times that of a kernel with everything.
const LARGEST: u64 = 16 << 20;

impl KernelConfig {
    /// The value of an option: `y`, `m`, `None` if it is not set. The name is with `CONFIG_`.
    pub fn value(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    /// Whether an option is built in or a module.
    pub fn has(&self, option: &str) -> bool {
        matches!(self.value(option), Some("y" | "m"))
    }

    /// Looks in the places where distributions keep it.
    pub(crate) fn read(files: &Sysroot, release: &str) -> Option<Self> {
        let plain = [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")];
        let unpacked = plain.into_iter().find_map(|place| {
            let text = files.unrecorded(&place)?;
            Some(Self::parse(place, &String::from_utf8_lossy(&text)))
        });
        let config = unpacked.or_else(|| Self::built_in(files))?;
        // A bundle gets these options and no others, unpacked.
        let kept = format!("/boot/config-{release}");
        files.note(&kept, || Saved::Text(config.text()));
        Some(config)
    }

    fn built_in(files: &Sysroot) -> Option<Self> {
        const PLACE: &str = "/proc/config.gz";
        let packed = files.unrecorded(PLACE)?;
        let mut text = String::new();
        // A saved host may hold anything: a file of a few kilobytes can unpack to any size.
        let mut unpacked = flate2::read::GzDecoder::new(packed.as_slice()).take(LARGEST);
        let whole = unpacked.read_to_string(&mut text).ok()? as u64 != LARGEST;
        whole.then(|| Self::parse(PLACE.into(), &text))
    }

    fn parse(place: String, text: &str) -> Self {
        let known = |name: &str| OPTIONS.iter().find(|option| **option == name).copied();
        let options = text.lines().filter_map(|line| {
            let (name, value) = line.trim().split_once('=')?;
            Some((known(name)?, value.to_owned()))
        });
        Self { place, options: options.collect() }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for option in OPTIONS {
            let _ = match self.value(option) {
                Some(value) => writeln!(text, "{option}={value}"),
                None => writeln!(text, "# {option} is not set"),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const TEXT: &str = "CONFIG_64BIT=y\n# CONFIG_PCIE_TPH is not set\nCONFIG_VFIO_PCI=m\n";

    #[test]
    fn it_is_found_wherever_a_distribution_keeps_it() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(TEXT.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        for (place, bytes) in [
            ("/boot/config-7.3.4", TEXT.as_bytes()),
            ("/lib/modules/7.3.4/config", TEXT.as_bytes()),
            ("/proc/config.gz", &packed),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let files = Sysroot::copy(folder.path());
            assert_eq!(KernelConfig::read(&files, "7.3.4"), None);
            let path = files.path(place).unwrap();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
            let config = KernelConfig::read(&files, "7.3.4").unwrap();
            assert_eq!(config.place, place);
            assert!(config.has("CONFIG_VFIO_PCI") && !config.has("CONFIG_PCIE_TPH"));
            assert_eq!(config.value("CONFIG_64BIT"), None, "of no interest");
            assert_eq!(KernelConfig::parse(place.into(), &config.text()), config);
        }
    }

    #[test]
    fn one_that_unpacks_to_more_than_any_kernel_has_is_not_read() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(TEXT.as_bytes()).unwrap();
        std::io::copy(&mut std::io::repeat(b'\n').take(LARGEST), &mut packed).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = Sysroot::copy(folder.path());
        let path = files.path("/proc/config.gz").unwrap();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, packed.finish().unwrap()).unwrap();
        assert_eq!(KernelConfig::read(&files, "7.3.4"), None);
    }
}
