//! Why something did not work.

use std::io;
use std::path::PathBuf;

use tph::Bdf;
use tph_abi::Errno;

use crate::{Advice, Cause, DumpError, OpenStep, Refusal, Step};

/// Why something did not work: which device, which step, what the kernel said. What to do next is
/// [`advice`](Self::advice).
///
/// ```no_run
/// # fn f(tph: &mut vfio_tph::TphDevice<vfio_tph::VfioFd<std::fs::File>>) {
/// use vfio_tph::{Errno, Error, StMode};
///
/// match tph.enable(StMode::DeviceSpecific) {
///     Ok(_) => {}
///     Err(error) if error.is_not_supported() => eprintln!("going on without TPH: {error}"),
///     Err(Error::Request { errno: Errno::EBUSY, .. }) => eprintln!("somebody else has it on"),
///     Err(error) => {
///         eprintln!("{error}");
///         if let Some(advice) = error.advice() {
///             eprintln!("what to do: {advice}");
///         }
///     }
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The device, or the driver that serves it, refused a TPH request.
    #[error("{device}: {step}: {errno}: {}", why(*step, *errno, *cause))]
    Request {
        /// The name of the device.
        device: String,
        /// What was asked.
        step: Step,
        /// What was answered.
        errno: Errno,
        /// Why exactly, with the entry of the batch, where that could be found out.
        cause: Option<Cause>,
    },
    /// A VFIO device could not be opened.
    #[error("{address}: {step}: {}", said(*errno, detail))]
    Open {
        /// The device.
        address: Bdf,
        /// What was tried.
        step: OpenStep,
        /// What the kernel answered, if it was the kernel.
        errno: Option<Errno>,
        /// What else is known.
        detail: String,
    },
    /// A VFIO call on an open device failed.
    #[error("{address}: {call}: {}", said(*errno, detail))]
    Call {
        /// The device.
        address: Bdf,
        /// What was tried.
        call: crate::VfioCall,
        /// What the kernel answered, if it was the kernel.
        errno: Option<Errno>,
        /// What else is known.
        detail: String,
    },
    /// Sysfs could not be read.
    #[error("{}: {source}", path.display())]
    Sysfs {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A function was not given to another driver.
    #[error("{address}: {refusal}")]
    Refused {
        /// The function.
        address: Bdf,
        /// Why not.
        refusal: Refusal,
    },
    /// The record of who had a function before could not be read or written.
    #[error("{}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A host could not be saved.
    #[error("{}: {source}", path.display())]
    Capture {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no such function.
    #[error("{address}: no such PCI function here")]
    NoSuchFunction {
        /// The address.
        address: Bdf,
    },
    /// The configuration space of a function could not be read far enough.
    #[error("{address}: {why}")]
    Unreadable {
        /// The function.
        address: Bdf,
        /// Why not.
        why: crate::Unreadable,
    },
    /// A rehearsal was refused, as doing it would be.
    #[error("{device}: {error}")]
    Rehearsal {
        /// The device.
        device: String,
        /// With what.
        error: tph::Error,
    },
    /// The kernel's events could not be listened to.
    #[error("listening to the kernel's events: {source}")]
    Uevents {
        /// Why not.
        source: io::Error,
    },
    /// The threads of a process could not be read.
    #[error("process {process}: {}", if source.kind() == io::ErrorKind::NotFound {
        "there is no such process here".to_owned()
    } else {
        source.to_string()
    })]
    Process {
        /// Its number.
        process: u32,
        /// Why not.
        source: io::Error,
    },
    /// What a person wrote can be no device.
    #[error("{name:?} is not a PCI address: write it as 0000:01:00.0 or 01:00.0")]
    NotADevice {
        /// What was written.
        name: String,
    },
    /// Nothing is called so.
    #[error("no network interface or NVMe controller of a PCI function is called {name:?}")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// Several functions are called so.
    #[error("{name:?} may be {}", any_of(candidates))]
    Ambiguous {
        /// The name.
        name: String,
        /// The functions.
        candidates: Vec<Bdf>,
    },
    /// The file of a dump could not be read.
    #[error("{}: {source}", path.display())]
    DumpFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is no dump.
    #[error("{}: {source}", path.display())]
    Dump {
        /// The file.
        path: PathBuf,
        /// The line that makes no sense.
        source: DumpError,
    },
}

impl Error {
    /// What the kernel or the device answered, if it was one of them.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Request { errno, .. } => Some(*errno),
            Self::Open { errno, .. } | Self::Call { errno, .. } => *errno,
            Self::Sysfs { source, .. }
            | Self::DumpFile { source, .. }
            | Self::Record { source, .. }
            | Self::Process { source, .. }
            | Self::Uevents { source }
            | Self::Capture { source, .. } => source.raw_os_error().map(Errno),
            _ => None,
        }
    }

    /// What the operator can do about it, if there is something.
    pub fn advice(&self) -> Option<Advice> {
        Advice::for_error(self)
    }

    /// Whether what was asked for is not offered here, as opposed to having gone wrong: the device
    /// has no TPH, its driver does not serve the interface, the administrator does not allow it.
    pub fn is_not_supported(&self) -> bool {
        let errno = match self {
            Self::Request { errno, .. } => *errno,
            // A rehearsal answers as doing it would.
            Self::Rehearsal { error, .. } => Errno::from(*error),
            _ => return false,
        };
        matches!(errno, Errno::ENOTTY | Errno::EOPNOTSUPP)
    }
}

fn any_of(candidates: &[Bdf]) -> String {
    candidates.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

fn why(step: Step, errno: Errno, cause: Option<Cause>) -> String {
    cause.map_or_else(|| step.meaning(errno).to_owned(), |cause| cause.to_string())
}

fn said(errno: Option<Errno>, detail: &str) -> String {
    let name = |errno: Errno| match errno.name() {
        Some(name) => name.to_owned(),
        None => io::Error::from_raw_os_error(errno.0).to_string(),
    };
    match (errno.map(name), detail) {
        (Some(name), "") => name,
        (Some(name), detail) => format!("{name}: {detail}"),
        (None, detail) => detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
