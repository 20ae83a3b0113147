//! How a verb can fail, and with which code the command exits.

mod advice;
mod report;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tph::Bdf;
use vfio_tph::Error;

use crate::exit::Exit;
use crate::plan_file::PlanFileError;

#[cfg(test)]
pub(crate) use report::ErrorDocument;
pub(crate) use report::ErrorReport;

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
    /// A plan and a device that do not belong together.
    #[error("{device}: the plan {} is for {of_plan}", plan.display())]
    OtherDevice {
        /// The function that was asked for.
        device: String,
        /// The file of the plan.
        plan: PathBuf,
        /// The function of the plan.
        of_plan: String,
    },
    /// Options that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// Nothing is called so; these are called almost so.
    #[error("{error}")]
    NoSuchDevice {
        /// What the library says.
        error: Error,
        /// What else may be meant, the likeliest first.
        similar: Vec<String>,
    },
    /// The emulated host has no such function.
    #[error("the emulated host has no function {name:?}")]
    NoSuchFunction {
        /// What it was called.
        name: String,
        /// What else may be meant, the likeliest first.
        similar: Vec<String>,
    },
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
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A program that was to run meanwhile did not start.
    #[error("cannot start {program}: {error}")]
    Program {
        /// Which.
        program: String,
        /// Why not.
        error: io::Error,
    },
    /// A file of samples cannot be read.
    #[error("{}: {error}", path.display())]
    Samples {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Nothing that was asked for can be counted here.
    #[error("{device}: nothing can be counted here: {why}")]
    NothingToCount {
        /// The function.
        device: String,
        /// What is not here, and why.
        why: String,
        /// What to do.
        advice: Option<String>,
    },
    /// Steering could not be turned on or off.
    #[error("{device}: {reason}")]
    Switch {
        /// The function.
        device: String,
        /// Why not.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// The demonstration found packets with another tag than they should have.
    #[error("{0}")]
    WrongTags(String),
    /// The answer could not be written.
    #[error("writing the answer: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    /// A plan is for the device that was asked for.
    ///
    /// # Errors
    /// [`Self::OtherDevice`] if it is not.
    pub(crate) fn unless_same(device: Bdf, plan: &Path, of_plan: Bdf) -> Result<(), Self> {
        if device == of_plan {
            return Ok(());
        }
        let (device, of_plan) = (device.to_string(), of_plan.to_string());
        Err(Self::OtherDevice { device, plan: plan.to_owned(), of_plan })
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Library(Error::NotADevice { .. }) | Self::Usage(_) => Exit::Usage,
            Self::Library(error) if error.is_not_supported() => Exit::NotSupported,
            Self::NothingToCount { .. } => Exit::NotSupported,
            _ => Exit::Error,
        }
    }

    /// The device that it is about, if it is about one.
    fn device(&self) -> Option<String> {
        match self {
            Self::Library(error) | Self::NoSuchDevice { error, .. } => device(error),
            Self::NoPlan { device, .. }
            | Self::Emulated { device, .. }
            | Self::NothingToCount { device, .. }
            | Self::Switch { device, .. }
            | Self::OtherDevice { device, .. } => Some(device.clone()),
            Self::NoSuchFunction { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    /// Says it on standard error; the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Output(error) = self
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            return Exit::Done.into(); // Who asked has heard enough.
        }
        let mut report = ErrorReport::new(self.exit(), self.to_string());
        report.next = self.advice();
        if let Self::Library(error) | Self::NoSuchDevice { error, .. } = self {
            report.step = step(error);
            report.errno = error.errno().map(|errno| errno.0);
        }
        report.device = self.device();
        report.quotes = matches!(self, Self::Profile(_) | Self::PlanFile(_));
        report.report()
    }
}

/// The device that an error is about, if it is about one.
fn device(error: &Error) -> Option<String> {
    match error {
        Error::Request { device, .. } | Error::Rehearsal { device, .. } => Some(device.clone()),
        Error::Open { address, .. }
        | Error::Call { address, .. }
        | Error::Refused { address, .. }
        | Error::Unreadable { address, .. }
        | Error::NoSuchFunction { address } => Some(address.to_string()),
        Error::NotADevice { name } | Error::NoSuchName { name } | Error::Ambiguous { name, .. } => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// What was being done, in words.
fn step(error: &Error) -> Option<String> {
    match error {
        Error::Request { step, .. } => Some(step.to_string()),
        Error::Open { step, .. } => Some(step.to_string()),
        Error::Call { call, .. } => Some(call.to_string()),
        _ => None,
    }
}
