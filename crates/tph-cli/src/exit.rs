//! The codes with which the command exits.

use std::process::ExitCode;

/// How a verb ended. Each has its line in the help and in docs/command.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Error = 1,
    Usage = 2,
    Drift = 3,
    NotSupported = 4,
    Partly = 5,
}

impl Exit {
    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 6] =
        [Self::Done, Self::Error, Self::Usage, Self::Drift, Self::NotSupported, Self::Partly];

    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// What JSON calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::Usage => "usage",
            Self::Drift => "drift",
            Self::NotSupported => "not-supported",
            Self::Partly => "partly",
        }
    }

    /// What it means, in a few words.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "an error",
            Self::Usage => "wrong usage",
            Self::Drift => "drift: something is not as it should be",
            Self::NotSupported => "not supported by this device or this host",
            Self::Partly => "done in part: the rest could not be read or done",
        }
    }

    /// All of them, for the help.
    pub(crate) fn help() -> String {
        let line = |exit: &Self| format!("\n  {}  {}", exit.code(), exit.meaning());
        format!("Exit codes:{}", Self::ALL.iter().map(line).collect::<String>())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
