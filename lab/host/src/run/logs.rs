//! Where consoles are kept after a boot.

use crate::{Cache, Error, Result};
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many boots' files are kept.
const KEPT: usize = 40;

/// A new name for a console's file; the oldest ones are removed.
pub(super) fn new_console(cache: &Cache) -> Result<PathBuf> {
    let folder = cache.folder("consoles")?;
    let mut old: Vec<PathBuf> = fs::read_dir(&folder)
        .map_err(Error::file("list", &folder))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    old.sort();
    for path in old.iter().rev().skip(KEPT) {
        // Another run may have removed it first.
        let _ = fs::remove_file(path);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(folder.join(format!("{}.{:09}.log", since.as_secs(), since.subsec_nanos())))
}
