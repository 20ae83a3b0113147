//! Error numbers, as Linux on x86-64, arm64 and most others numbers them.

use core::fmt;

use tph::{AccessError, EntryError, Error, FirmwareError};

/// A Linux error number, positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

macro_rules! errnos {
    ($($name:ident = $number:literal, $meaning:literal;)*) => {
        impl Errno {
            $(
                #[doc = $meaning]
                pub const $name: Self = Self($number);
            )*

            /// The symbol of the number, `None` if it is not one of those named here.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM = 1, "Operation not permitted.";
    EINTR = 4, "A signal came.";
    EIO = 5, "A register access or the firmware's method failed.";
    ENXIO = 6, "No such entry, or its MSI-X vector is not set up.";
    EBADF = 9, "Not an open file descriptor.";
    ENOMEM = 12, "No memory.";
    EACCES = 13, "Permission denied.";
    EFAULT = 14, "The request is not in the caller's memory.";
    EBUSY = 16, "Enabled already.";
    ENODEV = 19, "The device is gone, or no firmware names tags.";
    EINVAL = 22, "A bad argument, or not possible in this state.";
    ENOTTY = 25, "The driver does not serve this interface.";
    ENODATA = 61, "Firmware names no such tag for this CPU.";
    EOPNOTSUPP = 95, "This device, or this host's settings, do not offer it.";
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        match error {
            Error::NoCapability
            | Error::SwitchedOff
            | Error::NoTable
            | Error::TableTakesTags
            | Error::DirectTagsNotAllowed => Self::EOPNOTSUPP,
            Error::AlreadyEnabled => Self::EBUSY,
            Error::Malformed(_)
            | Error::ModeNotSupported(_)
            | Error::NoCompleter
            | Error::NotEnabled
            | Error::WrongMode(_) => Self::EINVAL,
            Error::Entry { error, .. } => error.into(),
            Error::NotTaken { .. } => Self::EIO,
            Error::Access(error) => error.into(),
        }
    }
}

impl From<EntryError> for Errno {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::IndexOutOfRange { .. } | EntryError::VectorNotAllocated(_) => Self::ENXIO,
            EntryError::CpuAbsent(_)
            | EntryError::CpuOffline(_)
            | EntryError::CpuNotPermitted(_)
            | EntryError::Firmware(FirmwareError::NoUid) => Self::EINVAL,
            EntryError::Firmware(FirmwareError::NoRootPort | FirmwareError::Absent) => Self::ENODEV,
            EntryError::Firmware(FirmwareError::Failed) => Self::EIO,
            EntryError::NoTag { .. } => Self::ENODATA,
        }
    }
}

impl From<AccessError> for Errno {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Gone => Self::ENODEV,
            AccessError::Failed => Self::EIO,
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_number_without_a_name_is_still_shown() {
        assert_eq!(
            (Errno::EBUSY.to_string(), Errno(3).to_string()),
            ("EBUSY".into(), "errno 3".into())
        );
    }
}
