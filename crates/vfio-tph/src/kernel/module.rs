//! The module `vfio_pci_tph`.

use crate::host::record::Saved;
use crate::host::sysroot::Sysroot;

/// The module's folder, while it is loaded.
pub(crate) const LOADED: &str = "/sys/module/vfio_pci_tph";
/// Its parameter that lets drivers handle tags themselves.
pub(crate) const DIRECT_TAGS: &str = "/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds";
const FILE: &str = "/vfio_pci_tph.ko";

/// What is known of the module `vfio_pci_tph`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// Whether it is loaded.
    pub loaded: bool,
    /// Whether the administrator allows device-specific mode on devices without an ST table; known
    /// while it is loaded.
    pub direct_tags: Option<bool>,
    /// Whether `modprobe` finds it, if that is known.
    pub installed: Option<bool>,
}

impl Module {
    /// `None` if the host does not show its modules.
    pub(crate) fn read(files: &Sysroot, release: Option<&str>) -> Option<Self> {
        if !files.exists("/sys/module") {
            return None;
        }
        Some(Self {
            loaded: files.exists(LOADED),
            direct_tags: files.text(DIRECT_TAGS).map(|value| value == "Y"),
            installed: release.and_then(|release| installed(files, release)),
        })
    }
}

fn installed(files: &Sysroot, release: &str) -> Option<bool> {
    let place = modules_dep(release);
    let list = String::from_utf8(files.unrecorded(&place)?).ok()?;
    let line = list.lines().find(|line| line.split(':').next().unwrap_or(line).contains(FILE));
    files.note(&place, || Saved::Text(line.unwrap_or_default().to_owned()));
    Some(line.is_some())
}

/// The file by which `modprobe` finds modules.
pub(crate) fn modules_dep(release: &str) -> String {
    format!("/lib/modules/{release}/modules.dep")
}
