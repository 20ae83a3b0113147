//! How a verb can fail, what is said about it and with which code the command exits.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use vfio_tph::{Advice, PlanError};

use crate::plan_file::PlanFileError;
use crate::style::ERROR;

/// The code to exit with if something is not as it was planned.
pub(crate) const DRIFT: u8 = 3;
/// The code to exit with if not all could be compared, and the rest is as it was planned.
pub(crate) const PARTLY: u8 = 5;
/// The code to exit with if the device or the host does not support what was asked for.
pub(crate) const NOT_SUPPORTED: u8 = 4;

/// Why a verb did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library says no.
    #[error(transparent)]
    Library(#[from] vfio_tph::Error),
    /// The profile of an emulated host is not right.
    #[error(transparent)]
    Profile(#[from] tph_emu::ProfileError),
    /// The file of a plan is not right.
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    /// The queues make no plan.
    #[error("{device}: {error}")]
    NoPlan {
        /// The function.
        device: String,
        /// Why not.
        error: vfio_tph::PlanError,
    },
    /// There is nothing to read queues from.
    #[error("{what}: {reason}")]
    NoQueues {
        /// What was looked at.
        what: String,
        /// Why it has none.
        reason: String,
        /// What to do.
        advice: String,
    },
    /// Options that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// The device is not one that can be there.
    #[error("{0:?} is not a PCI address: write it as 0000:01:00.0 or 01:00.0")]
    NotAnAddress(String),
    /// The emulated host has no such function.
    #[error("the emulated host has no function {0:?}")]
    NoSuchFunction(String),
    /// The function cannot be opened on the emulated host.
    #[error("{device}: {reason}")]
    Emulated {
        /// The function.
        device: String,
        /// Why not.
        reason: String,
    },
    /// A function cannot be served.
    #[error(transparent)]
    Serve(#[from] tph_emu::vfio_user::ServeError),
    /// A file or folder cannot be made.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The demonstration found packets with another tag than they should have.
    #[error("{0}")]
    WrongTags(String),
    /// The queues make no sense for this device on this host.
    #[error(transparent)]
    Plan(#[from] vfio_tph::PlanError),
    /// The answer could not be written.
    #[error("writing the answer: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Library(error) if error.is_not_supported() => NOT_SUPPORTED,
            Self::NotAnAddress(_) | Self::Usage(_) => 2,
            _ => 1,
        }
    }

    fn advice(&self) -> Option<String> {
        match self {
            Self::Library(error) => error.advice().as_ref().map(Advice::to_string),
            Self::PlanFile(error) => error.advice(),
            Self::NoPlan { error: PlanError::CpuNotOnline { .. }, .. } => {
                Some("See which are: cat /sys/devices/system/cpu/online.".into())
            }
            Self::NoPlan { device, error: PlanError::OutsideTable { .. } } => {
                Some(format!("See the table: tph show {device}."))
            }
            Self::NoQueues { advice, .. } => Some(advice.clone()),
            Self::NotAnAddress(_) => Some("See what there is: tph list.".into()),
            Self::NoSuchFunction(_) => Some("See what there is: tph list --emulated.".into()),
            _ => None,
        }
    }

    /// Says it on standard error; the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return ExitCode::SUCCESS; // Who asked has heard enough.
        }
        anstream::eprintln!("{ERROR}error:{ERROR:#} {self}");
        if let Some(advice) = self.advice() {
            anstream::eprintln!("  next: {advice}");
        }
        ExitCode::from(self.code())
    }
}
