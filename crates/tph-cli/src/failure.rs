//! How a verb can fail, what is said about it and with which code the command exits.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use tph::Bdf;
use vfio_tph::{Error, PlanError};

use crate::exit::Exit;
use crate::output::{self, Style};
use crate::plan_file::PlanFileError;
use crate::safe::{clean, clean_lines};
use crate::style::ERROR;

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

    fn advice(&self) -> Option<String> {
        let advice = |error: &Error| error.advice().map(|advice| advice.to_string());
        match self {
            Self::Library(error) => advice(error),
            Self::NoSuchDevice { error, similar } => did_you_mean(similar, advice(error)),
            Self::NoSuchFunction { similar, .. } => {
                did_you_mean(similar, Some("See what there is: tph list --emulated.".into()))
            }
            Self::PlanFile(error) => Some(error.advice()),
            Self::File { error, .. } | Self::Output(error) => Some(for_file(error.kind()).into()),
            Self::Program { .. } => Some("Name a program that is there and may be run.".into()),
            Self::Samples { path, error } => Some(match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("Make it first, for the load to write to: mkfifo {}.", path.display())
                }
                _ => "Name a FIFO or a file that you may read.".into(),
            }),
            Self::Profile(tph_emu::ProfileError::Unreadable { .. }) => Some(
                "Name the file of a profile; --emulated without a name is the host of the \
                 demonstration."
                    .into(),
            ),
            Self::Profile(_) => Some(
                "Compare with docs/profile.md; --emulated without a name is the host of the \
                 demonstration."
                    .into(),
            ),
            Self::NoPlan { error: PlanError::CpuNotOnline { .. }, .. } => {
                Some("See which are: cat /sys/devices/system/cpu/online.".into())
            }
            Self::NoPlan { device, error: PlanError::OutsideTable { .. } } => {
                Some(format!("See the table: tph show {device}."))
            }
            Self::NoPlan { error: PlanError::NamedTwice { .. }, .. } => {
                Some("Name each queue once.".into())
            }
            Self::NoPlan { error: PlanError::MemoryDiffers { .. }, .. } => {
                Some("Give each an entry of its own, or both the same kind of memory.".into())
            }
            Self::NoQueues { advice, .. } => Some(advice.clone()),
            Self::NothingToCount { advice, .. } => advice.clone(),
            Self::Switch { advice, .. } => Some((*advice).to_owned()),
            Self::OtherDevice { device, plan, .. } => Some(format!(
                "Leave the device out, or make a plan for it: tph plan {device} --from {} -o FILE.",
                plan.display()
            )),
            _ => None,
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

/// What to do when writing went wrong so.
fn for_file(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "Make the folder first, or name a file in one that is there."
        }
        io::ErrorKind::AlreadyExists => "Something else has that name: choose another.",
        io::ErrorKind::IsADirectory => "Name a file, not a folder.",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Make room, or write to another place."
        }
        _ => "Name a place that you may write to, or run as root.",
    }
}

fn did_you_mean(similar: &[String], advice: Option<String>) -> Option<String> {
    if similar.is_empty() {
        return advice;
    }
    let question = format!("Did you mean {}?", similar.join(" or "));
    Some(advice.map_or_else(|| question.clone(), |advice| format!("{question} {advice}")))
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

/// An error as data.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorReport {
    /// `error`, `usage`, `drift`, `not-supported`, `partly`: the exit code in a word.
    kind: &'static str,
    /// The code that the command exits with.
    pub(crate) exit_code: u8,
    /// What happened, to which device, and why.
    message: String,
    /// The device, if it is about one: its address, or what it was called.
    device: Option<String>,
    /// What was being done, if the error is of a request or a call.
    step: Option<String>,
    /// The number of what the kernel or the device answered, if it was one of them.
    errno: Option<i32>,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// Whether the message quotes lines of a file; others have one line, whatever is in a name.
    #[serde(skip)]
    quotes: bool,
}

/// The document that an error is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorDocument<'a> {
    error: &'a ErrorReport,
}

impl ErrorReport {
    pub(crate) fn new(exit: Exit, message: String) -> Self {
        let (kind, exit_code) = (exit.name(), exit.code());
        Self {
            kind,
            exit_code,
            message,
            device: None,
            step: None,
            errno: None,
            next: None,
            quotes: false,
        }
    }

    /// Says it on standard error, where answers never go; the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        if output::style() == Style::Text {
            let message = if self.quotes { clean_lines } else { clean }(&self.message);
            let next = self.next.as_ref().map(|next| format!("  next: {}\n", clean(next)));
            let next = next.unwrap_or_default();
            output::complain(&format!("{ERROR}error:{ERROR:#} {message}\n{next}"));
        } else if let Ok(text) = output::document(ErrorDocument { error: self }) {
            output::complain(&text);
        }
        self.exit_code.into()
    }
}
