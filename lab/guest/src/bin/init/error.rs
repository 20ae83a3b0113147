//! What can go wrong before the program runs.

use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};

/// A failed step of the guest's init.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot {action} {}: {source}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot understand the lab's plan: {0}")]
    Plan(#[from] serde_json::Error),
    #[error("cannot mount {what} on {on}: {errno}")]
    Mount { what: &'static str, on: &'static str, errno: Errno },
    #[error("the kernel refused module {path} with parameters {parameters:?}: {errno}")]
    Module { path: String, parameters: String, errno: Errno },
    #[error("no endpoint {name} at {place}: the kernel sees {present:?}")]
    Absent { name: String, place: String, present: Vec<String> },
    #[error("{driver} did not bind to {address}; it is bound to {bound}")]
    Unbound { driver: String, address: String, bound: String },
    #[error("{address} is in no IOMMU group: {source}")]
    Group { address: String, source: io::Error },
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn file(
        action: &'static str,
        path: impl AsRef<Path>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::File { action, path, source }
    }
}
