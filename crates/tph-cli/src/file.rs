//! Files that the command writes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

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
    let mut beside = target.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    // Of a process that was killed; it is not written to, as it may be a link of somebody else.
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    let written = || {
        file.write_all(text.as_bytes())?;
        there.map_or(Ok(()), |old| file.set_permissions(old.permissions()))?;
        // On the disk before it has the name: neither text is lost with the power.
        file.sync_all()?;
        fs::rename(&beside, &target)
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&beside); // It may have its name already.
    })
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
