//! Which bridges lie above a function: sysfs nests the folders of functions as the bus does.

use std::path::Path;

use tph::Bdf;

/// The bridge right below the host bridge on the way to the function at `address`, whose folder is
/// `folder`; `None` for a function that sits there itself.
pub(crate) fn topmost_bridge(folder: &Path, address: Bdf) -> Option<Bdf> {
    let path = folder.canonicalize().ok()?;
    let names = path.iter().filter_map(|part| part.to_str()?.parse::<Bdf>().ok());
    let topmost = names.into_iter().next()?;
    (topmost != address).then_some(topmost)
}
