//! Which kernel to boot, as the user names it.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A kernel by name; which version that is today, the archive decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KernelChoice {
    /// The newest kernel of Debian's trixie-backports.
    #[default]
    Backports,
    /// The newest kernel of Debian trixie itself.
    Stable,
    /// The lab's own kernel, built from the sources of [`Self::Backports`] with the kernel's TPH
    /// support and with everything that reports bugs.
    Debug,
    /// The newest kernel in the archive whose version begins so, for example `7.2`.
    Prefix(String),
    /// A kernel that somebody else built and installed below a folder: `lib/modules/VERSION` with
    /// its modules, and `boot/vmlinuz-VERSION` or `lib/modules/VERSION/vmlinuz`.
    Folder(PathBuf),
}

impl KernelChoice {
    /// A name that serves as a file name in the cache.
    pub(crate) fn slug(&self) -> String {
        self.to_string().replace('/', "_")
    }

    /// How many times longer than a stock kernel it may take for the same.
    pub fn slowness(&self) -> u32 {
        match self {
            Self::Debug => 4,
            _ => 1,
        }
    }
}

impl FromStr for KernelChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "backports" => Self::Backports,
            "stable" => Self::Stable,
            "debug" => Self::Debug,
            _ if text.contains('/') || Path::new(text).is_dir() => Self::Folder(text.into()),
            _ => Self::Prefix(text.into()),
        })
    }
}

impl fmt::Display for KernelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backports => f.write_str("backports"),
            Self::Stable => f.write_str("stable"),
            Self::Debug => f.write_str("debug"),
            Self::Prefix(prefix) => f.write_str(prefix),
            Self::Folder(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_name_a_kernel() {
        for (text, choice) in [
            ("backports", KernelChoice::Backports),
            ("stable", KernelChoice::Stable),
            ("debug", KernelChoice::Debug),
            ("7.2", KernelChoice::Prefix("7.2".into())),
            ("./debug-kernel", KernelChoice::Folder("./debug-kernel".into())),
        ] {
            assert_eq!(text.parse(), Ok(choice.clone()));
            assert_eq!(choice.to_string(), text);
        }
    }
}
