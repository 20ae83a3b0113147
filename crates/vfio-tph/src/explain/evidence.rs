//! What was seen.

use std::fmt;

use tph::{Bdf, ConfigOffset};

/// A register or a file that speaks for a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// A register of a function.
    Register {
        /// The function.
        function: Bdf,
        /// The register, in the words of the specification.
        name: &'static str,
        /// Where it lies in configuration space, if that is known.
        offset: Option<ConfigOffset>,
        /// Its value.
        value: u32,
    },
    /// A file, or a link, and what is in it if that matters.
    File {
        /// Where it is on the host.
        place: String,
        /// Its text, or what the link points to.
        text: Option<String>,
    },
}

impl Evidence {
    pub(super) fn file(place: impl Into<String>, text: impl Into<String>) -> Self {
        let text = Some(text.into()).filter(|text| !text.is_empty());
        Self::File { place: place.into(), text }
    }

    pub(super) fn path(place: impl Into<String>) -> Self {
        Self::File { place: place.into(), text: None }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register { function, name, offset: Some(offset), value } => {
                write!(f, "{function} {name} at {offset} = {value:#010x}")
            }
            Self::Register { function, name, offset: None, value } => {
                write!(f, "{function} {name} = {value:#010x}")
            }
            Self::File { place, text: Some(text) } => write!(f, "{place}: {text}"),
            Self::File { place, text: None } => f.write_str(place),
        }
    }
}
