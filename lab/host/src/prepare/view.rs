//! What is seen of Debian's archive.

use super::packages::{BACKPORTS, TRIXIE};

/// Suites and architectures, and the folder in the cache for their lists and packages.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) folder: &'static str,
    pub(super) suites: &'static [&'static str],
    /// An architecture beside amd64.
    pub(super) foreign: Option<&'static str>,
}

impl View {
    /// The lab's.
    pub(super) const LAB: Self =
        Self { folder: "apt", suites: &[TRIXIE, BACKPORTS], foreign: None };
    /// With the standard library for s390x.
    pub(super) const BIG_ENDIAN: Self =
        Self { folder: "apt-big-endian", suites: &[TRIXIE], foreign: Some("s390x") };
    /// With the sources of the standard library of a compiler that is new enough.
    pub(super) const UNSTABLE: Self =
        Self { folder: "apt-unstable", suites: &["sid"], foreign: None };
}
