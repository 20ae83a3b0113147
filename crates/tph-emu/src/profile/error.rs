//! What can be wrong with a profile, and where.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

/// A profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("{origin}: cannot read the profile: {source}")]
    Unreadable {
        /// The file.
        origin: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or a key or a value is not one of a profile.
    #[error("{origin}: {}", source.to_string().trim_end())]
    Syntax {
        /// Which text.
        origin: String,
        /// Where and why.
        source: toml::de::Error,
    },
    /// It says what cannot be.
    #[error("{origin}:{line}:{column}: {item}: {flaw}")]
    Flawed {
        /// Which text.
        origin: String,
        /// The line where the item starts, from 1.
        line: usize,
        /// The column where the item starts, from 1.
        column: usize,
        /// The item.
        item: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// What is wrong with one item of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A number, name or address that must be unique is there twice.
    #[error("{key} {value} is taken already; give each its own")]
    Taken {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
    /// A number is outside of its limits.
    #[error("{key} is {value}, but must be {limits}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// The value.
        value: u64,
        /// What it may be.
        limits: &'static str,
    },
    /// A CPU that is not in `cpus` is named.
    #[error("there is no CPU {0}; add it to `cpus` or leave it out here")]
    NoSuchCpu(u32),
    /// A root port that is not in `root_ports` is named.
    #[error("there is no root port `{0}`; `root_ports` must have it")]
    NoSuchRootPort(String),
    /// A function is not on the bus below its root port.
    #[error("it sits on bus {found:#04x}, but the bus below its root port is {expected:#04x}")]
    WrongBus {
        /// The bus of its address.
        found: u8,
        /// The bus of the root port.
        expected: u8,
    },
    /// The queues do not fit in BAR 0.
    #[error("{queues} queues need a BAR 0 of {needed} bytes; make `bar_size` larger")]
    QueuesDoNotFit {
        /// How many queues.
        queues: u16,
        /// How many bytes.
        needed: u32,
    },
    /// A list that must not be empty is.
    #[error("{0} is empty")]
    Empty(&'static str),
}

/// A flaw of the item at `index` of `table`.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) table: Table,
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) flaw: Flaw,
}

/// The lists of a profile.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    Profile,
    Cpus,
    Caches,
    RootPorts,
    Firmware,
    Misses,
    Functions,
}

/// Where the items of a profile are in its text.
#[derive(Deserialize)]
struct Places {
    #[serde(default)]
    cpus: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    caches: Vec<Spanned<IgnoredAny>>,
    #[serde(default)]
    root_ports: Vec<Spanned<IgnoredAny>>,
    firmware: Option<Spanned<IgnoredAny>>,
    misses: Option<Spanned<IgnoredAny>>,
    #[serde(default)]
    functions: Vec<Spanned<IgnoredAny>>,
}

impl Found {
    /// The error, with the place of the item in `text`.
    pub(super) fn at(self, origin: &str, text: &str) -> ProfileError {
        let start = self.start(text).unwrap_or(0).min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ProfileError::Flawed {
            origin: origin.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.len() - line_start + 1,
            item: self.name,
            flaw: self.flaw,
        }
    }

    fn start(&self, text: &str) -> Option<usize> {
        let places: Places = toml::from_str(text).ok()?;
        let list = match self.table {
            Table::Profile => return None,
            Table::Firmware => return places.firmware.map(|place| place.span().start),
            Table::Misses => return places.misses.map(|place| place.span().start),
            Table::Cpus => places.cpus,
            Table::Caches => places.caches,
            Table::RootPorts => places.root_ports,
            Table::Functions => places.functions,
        };
        list.get(self.index).map(|place| place.span().start)
    }
}
