//! Small facts that sysfs keeps as links.

use std::path::Path;

/// The last part of what the link at `path` points to, if there is such a link.
pub(crate) fn link_name(path: &Path) -> Option<String> {
    let target = path.read_link().ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// The number that is the last part of what the link at `path` points to.
pub(crate) fn number_in_link(path: &Path) -> Option<u32> {
    link_name(path)?.parse().ok()
}
