//! The `config` file of a function in sysfs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tph::{AccessError, ConfigOffset, ConfigSpace};
use tph_abi::Errno;

use crate::Unreadable;

/// Every function has at least these bytes.
const SMALLEST_SPACE: u64 = 0x100;

/// Reads exactly the dwords it is asked for: a whole space is never read, since some devices do
/// not like that.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    /// None if it could not be opened.
    file: Option<File>,
    size: u64,
    refused: Option<Unreadable>,
}

impl ConfigFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file: Some(file), size, refused: None })
    }

    /// A space whose file cannot be opened: nothing of it is known.
    pub(crate) fn closed(error: &io::Error) -> Self {
        Self { file: None, size: 0, refused: refusal(error) }
    }

    /// How many bytes the space has; if this user was refused some, how many are shown.
    pub(crate) fn readable(&self) -> u64 {
        match self.refused {
            Some(Unreadable::Permission { readable }) => u64::from(readable),
            _ => self.size,
        }
    }

    /// Why a read failed with `error`.
    pub(crate) fn why(&self, error: AccessError) -> Unreadable {
        match error {
            AccessError::Gone => Unreadable::Gone,
            AccessError::Failed => self.refused.unwrap_or(Unreadable::Failed),
        }
    }
}

impl ConfigSpace for ConfigFile {
    /// The size of the file is that of the space: past it, there is nothing, which reads as 0. A
    /// read inside of it that comes back empty was refused (`pci_read_config` of the kernel shows
    /// 64 bytes to callers without `CAP_SYS_ADMIN`, 128 of a `CardBus` bridge).
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let Some(file) = &self.file else { return Err(AccessError::Failed) };
        let at = u64::from(offset.get());
        if self.size < SMALLEST_SPACE && at >= self.size {
            // No function has so little: somebody saved what an unprivileged reader is shown.
            let bytes = u16::try_from(self.size).unwrap_or_default();
            self.refused = Some(Unreadable::CutOff { bytes });
            return Err(AccessError::Failed);
        }
        if at >= self.size {
            return Ok(0);
        }
        let mut bytes = [0; 4];
        match file.read_exact_at(&mut bytes, at) {
            Ok(()) => Ok(u32::from_le_bytes(bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.refused = Some(Unreadable::Permission { readable: 64 });
                Err(AccessError::Failed)
            }
            // The kernel's answer once the function is removed.
            Err(error) if error.raw_os_error() == Some(Errno::ENODEV.0) => Err(AccessError::Gone),
            Err(error) => {
                self.refused = refusal(&error);
                Err(AccessError::Failed)
            }
        }
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}

/// What the kernel said, if it was the kernel.
fn refusal(error: &io::Error) -> Option<Unreadable> {
    error.raw_os_error().map(|errno| Unreadable::Refused { errno: Errno(errno) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_comes_back_empty_inside_of_the_space_was_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [7; 64]).unwrap();
        let mut space = ConfigFile::open(file.path()).unwrap();
        assert_eq!(
            space.read_config(ConfigOffset::new(64).unwrap()).map_err(|error| space.why(error)),
            Err(Unreadable::CutOff { bytes: 64 }),
            "a file that is that short was saved that short"
        );
        space.size = 4096; // As the kernel says of a file of which it shows 64 bytes.
        let at = |offset| ConfigOffset::new(offset).unwrap();
        assert_eq!(space.read_config(at(60)), Ok(0x0707_0707));
        let error = space.read_config(at(64)).unwrap_err();
        assert_eq!(space.why(error), Unreadable::Permission { readable: 64 });
    }
}
