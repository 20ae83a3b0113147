//! What the kernel was told at boot.

use crate::host::record::Saved;
use crate::host::sysroot::Sysroot;

/// Where the kernel says it.
pub(crate) const PLACE: &str = "/proc/cmdline";

/// Names of parameters that have to do with TPH, VFIO and the IOMMU. A command line may hold
/// secrets: nothing else is kept.
const NAMES: [&str; 4] = ["pci", "iommu", "intel_iommu", "amd_iommu"];
const PREFIXES: [&str; 5] = ["pcie_", "iommu.", "vfio", "intel_iommu.", "arm-smmu"];

/// The parameters of the kernel's command line that have to do with TPH, VFIO and the IOMMU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootParameters {
    /// The parameters in their order, as they were written: `pci=notph`.
    pub words: Vec<String>,
}

impl BootParameters {
    /// Reads a command line.
    ///
    /// ```
    /// # use vfio_tph::BootParameters;
    /// let parameters = BootParameters::parse("root=/dev/sda1 quiet pci=noaer,notph iommu=pt");
    /// assert_eq!(parameters.words, ["pci=noaer,notph", "iommu=pt"]);
    /// assert_eq!(parameters.tph_off(), Some("pci=noaer,notph"));
    /// ```
    pub fn parse(line: &str) -> Self {
        let of_interest = |word: &&str| {
            let name = word.split('=').next().unwrap_or_default();
            NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        };
        // What comes after is for the first process.
        let words = line.split_ascii_whitespace().take_while(|word| *word != "--");
        Self { words: words.filter(of_interest).map(str::to_owned).collect() }
    }

    /// The parameter that tells a kernel which has TPH of its own to keep it off.
    pub fn tph_off(&self) -> Option<&str> {
        self.with_value(&["pci"], "notph")
    }

    /// The parameter that turns the IOMMU off.
    pub fn iommu_off(&self) -> Option<&str> {
        self.with_value(&["iommu", "intel_iommu", "amd_iommu"], "off")
    }

    fn with_value(&self, names: &[&str], value: &str) -> Option<&str> {
        let has = |word: &&String| {
            word.split_once('=').is_some_and(|(name, values)| {
                names.contains(&name) && values.split(',').any(|given| given == value)
            })
        };
        self.words.iter().find(has).map(String::as_str)
    }

    pub(crate) fn read(files: &Sysroot) -> Option<Self> {
        let line = files.unrecorded(PLACE)?;
        let parameters = Self::parse(&String::from_utf8_lossy(&line));
        files.note(PLACE, || Saved::Text(parameters.words.join(" ")));
        Some(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_things_off_is_found_and_nothing_else_kept() {
        for (line, kept, tph, iommu) in [
            ("", "", None, None),
            ("root=UUID=1 ro ip=10.0.0.1 password=x", "", None, None),
            ("pci=notph", "pci=notph", Some("pci=notph"), None),
            ("pci=nomsi intel_iommu=on,sm_on", "pci=nomsi intel_iommu=on,sm_on", None, None),
            (
                "amd_iommu=off pcie_aspm=off",
                "amd_iommu=off pcie_aspm=off",
                None,
                Some("amd_iommu=off"),
            ),
            ("iommu=pt -- pci=notph", "iommu=pt", None, None),
            (
                "vfio_pci_tph.enable_unsafe_tph_ds=1",
                "vfio_pci_tph.enable_unsafe_tph_ds=1",
                None,
                None,
            ),
        ] {
            let parameters = BootParameters::parse(line);
            assert_eq!(parameters.words.join(" "), kept, "{line}");
            assert_eq!((parameters.tph_off(), parameters.iommu_off()), (tph, iommu), "{line}");
        }
    }
}
