//! Kernel versions as Debian writes them, for example `7.3.4+deb13-amd64`.

use std::cmp::Ordering;
use std::fmt;

/// A kernel's full version; ordered by its numbers, so that 7.2.12 is newer than 7.2.9.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// Takes a version as `uname -r` would print it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `prefix` names this version: 7.3 names 7.3.4, but not 7.30.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.0.strip_prefix(prefix).is_some_and(|rest| {
            !(rest.starts_with(|c: char| c.is_ascii_digit())
                && prefix.ends_with(|c: char| c.is_ascii_digit()))
        })
    }

    fn numbers(&self) -> Vec<u64> {
        self.0.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers().cmp(&other.numbers()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let newest = ["7.2.9+deb13-amd64", "7.2.12+deb13-amd64", "6.12.107+deb13-amd64"]
            .map(Version::new)
            .into_iter()
            .max();
        assert_eq!(newest, Some(Version::new("7.2.12+deb13-amd64")));
    }

    #[test]
    fn a_prefix_ends_between_numbers() {
        let version = Version::new("7.3.4+deb13-amd64");
        for prefix in ["7", "7.3", "7.3.", "7.3.4", "7.3.4+deb13-amd64"] {
            assert!(version.has_prefix(prefix), "{prefix}");
        }
        for prefix in ["7.3.40", "3.4", "7.2"] {
            assert!(!version.has_prefix(prefix), "{prefix}");
        }
        assert!(!Version::new("7.30.1").has_prefix("7.3"));
    }
}
