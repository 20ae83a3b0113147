//! Files that the command writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};

use crate::failure::Failure;

/// Writes a file as a whole: who reads it meanwhile, and who finds it after a failure, has the old one or
/// the new one. What is no file is written to, and so is what is behind `/dev/stdout`, at its end.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    try_to(path, text).map_err(|error| Failure::File { path: path.to_owned(), error })
}

fn try_to(path: &Path, text: &str) -> io::Result<()> {
    let there = match fs::metadata(path) {
        Ok(it) => Some(it),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let open_already = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    if open_already || there.as_ref().is_some_and(|it| !it.is_file()) {
        return OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes());
    }
    if there.is_none() && path.is_symlink() {
        // Nothing is there that could be lost.
        return fs::write(path, text);
    }
    // A link stays one: what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let new = New { target: &target, text, mode: there.map(|old| old.permissions()) };
    let beside = new.beside();
    // Of a process that was killed; it is not written to, as it may be a link of somebody else.
    let _ = fs::remove_file(&beside);
    let whole = || {
        // A file cannot get the name of another one at once; its own it gets for a moment.
        if new.without_name()?.is_none_or(|file| link(&file, &beside).is_err()) {
            new.fill(OpenOptions::new().write(true).create_new(true).open(&beside)?)?;
        }
        fs::rename(&beside, &target)
    };
    whole().inspect_err(|_| {
        let _ = fs::remove_file(&beside); // It may have its name already.
    })
}

/// What is to be in the place of a file.
struct New<'a> {
    target: &'a Path,
    text: &'a str,
    /// Of the file that is there.
    mode: Option<fs::Permissions>,
}

impl New<'_> {
    /// A name in the same folder that only this process uses.
    fn beside(&self) -> PathBuf {
        let mut name = self.target.as_os_str().to_owned();
        name.push(format!(".{}", std::process::id()));
        name.into()
    }

    /// The file before it has any name, so that nothing of it is left when this process is killed; `None` where
    /// the file system has no such files.
    fn without_name(&self) -> io::Result<Option<File>> {
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        // The mode that files get, less what the user's mask takes away.
        match open(folder.unwrap_or(Path::new(".")), flags, Mode::from_raw_mode(0o666)) {
            Ok(file) => self.fill(file.into()).map(Some),
            Err(_) => Ok(None), // Where nothing can be written at all, the other way says why.
        }
    }

    fn fill(&self, mut file: File) -> io::Result<File> {
        file.write_all(self.text.as_bytes())?;
        self.mode.clone().map_or(Ok(()), |mode| file.set_permissions(mode))?;
        // On the disk before it has the name: neither text is lost with the power.
        file.sync_all()?;
        Ok(file)
    }
}

/// Gives a file without a name this one. It takes `/proc`; the way without needs a capability.
fn link(file: &File, name: &Path) -> rustix::io::Result<()> {
    let file = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(CWD, file, CWD, name, AtFlags::SYMLINK_FOLLOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    #[test]
    fn an_old_file_is_replaced_as_a_whole_and_keeps_its_name_and_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("plan"), folder.path().join("link"));
        write(&file, "one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("plan", &link).unwrap();
        write(&link, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    /// That a killed process leaves nothing, up to the moment between name and place.
    #[test]
    fn a_file_has_no_name_until_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("plan");
        let mode = Some(fs::Permissions::from_mode(0o640));
        let new = New { target: &target, text: "one", mode };
        let Some(file) = new.without_name().unwrap() else {
            eprintln!("skipped: the file system of {} has no such files", target.display());
            return;
        };
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        link(&file, &new.beside()).unwrap();
        assert_eq!(fs::read_to_string(new.beside()).unwrap(), "one");
        assert_eq!(fs::metadata(new.beside()).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(link(&file, &new.beside()), Err(rustix::io::Errno::EXIST));
        // A file without a name cannot be in a folder that is none.
        let nowhere = New { target: &target.join("plan"), text: "one", mode: None };
        assert!(nowhere.without_name().unwrap().is_none());
    }

    #[test]
    fn a_link_to_nothing_gets_its_file_and_what_somebody_put_beside_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("later", at("link")).unwrap();
        write(&at("link"), "one").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(fs::read_to_string(at("later")).unwrap(), "one");
        symlink("later", at(&format!("plan.{}", std::process::id()))).unwrap();
        write(&at("plan"), "two").unwrap();
        assert_eq!(fs::read_to_string(at("later")).unwrap(), "one");
        assert_eq!(fs::read_to_string(at("plan")).unwrap(), "two");
    }

    #[test]
    fn a_file_that_is_open_already_is_written_on() {
        let mut log = tempfile::tempfile().unwrap();
        log.write_all(b"old ").unwrap();
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&log);
        write(Path::new(&format!("/proc/self/fd/{descriptor}")), "new").unwrap();
        std::io::Seek::rewind(&mut log).unwrap();
        assert_eq!(std::io::read_to_string(log).unwrap(), "old new");
    }

    #[test]
    fn what_is_no_file_stays_what_it_is() {
        let full = write(Path::new("/dev/full"), "x").unwrap_err();
        assert_eq!(full.to_string(), "/dev/full: No space left on device (os error 28)");
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
        let folder = tempfile::tempdir().unwrap();
        assert!(
            write(folder.path(), "x")
                .unwrap_err()
                .to_string()
                .ends_with("Is a directory (os error 21)")
        );
    }
}
