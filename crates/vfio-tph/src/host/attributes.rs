//! Small facts that sysfs keeps as links.

use std::path::Path;

/// The last part of what the link at `path` points to, if there is such a link.
pub(crate) fn link_name(path: &Path) -> Option<String> {
    let target = path.read_link().ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}
