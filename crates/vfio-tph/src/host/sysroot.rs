//! Where the files of a host lie, and small ways to read them.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, RawDir, openat};

use super::record::{Recorder, Saved};

/// The places under which a running Linux shows itself.
const SYSFS: &str = "/sys";

/// The files of a host: this machine's, or a saved copy of them.
///
/// A *place* is where a file lies on the host itself, such as `/sys/devices/system/cpu/online`; the
/// copy may have it elsewhere. What is not there, or cannot be read, is `None`: a copy may lack
/// anything, and so may a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Sysroot {
    /// Where sysfs lies.
    pub(crate) sysfs: PathBuf,
    /// Where everything else lies; `None` if there is nothing else.
    root: Option<PathBuf>,
    /// Whether this is the machine that this process runs on.
    pub(crate) live: bool,
    recorder: Option<Recorder>,
}

impl Sysroot {
    /// This machine.
    pub(crate) fn machine() -> Self {
        Self { sysfs: SYSFS.into(), root: Some("/".into()), live: true, recorder: None }
    }

    /// A copy of a host's files below `folder`: its sysfs at `sys`.
    pub(crate) fn copy(folder: &Path) -> Self {
        let root = Some(folder.to_owned());
        Self { sysfs: folder.join("sys"), root, live: false, recorder: None }
    }

    /// A sysfs alone.
    pub(crate) fn sysfs(folder: PathBuf) -> Self {
        Self { live: folder == Path::new(SYSFS), sysfs: folder, root: None, recorder: None }
    }

    /// The same files, with all that is read from now on written down.
    pub(crate) fn recorded(&self) -> (Self, Recorder) {
        let recorder = Recorder::default();
        (Self { recorder: Some(recorder.clone()), ..self.clone() }, recorder)
    }

    /// Where the file at `place` lies.
    pub(crate) fn path(&self, place: &str) -> Option<PathBuf> {
        match place.strip_prefix(SYSFS) {
            Some(rest) if rest.starts_with('/') => {
                Some(self.sysfs.join(rest.trim_start_matches('/')))
            }
            _ => Some(self.root.as_ref()?.join(place.trim_start_matches('/'))),
        }
    }

    /// The bytes of a file that no bundle should have as they are.
    pub(crate) fn unrecorded(&self, place: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path(place)?).ok()
    }

    /// The text of a file, without white space around it.
    pub(crate) fn text(&self, place: &str) -> Option<String> {
        let file = File::open(self.path(place)?).ok()?;
        self.text_of(file, || place.to_owned())
    }

    fn text_of(&self, file: File, place: impl FnOnce() -> String) -> Option<String> {
        let mut text = String::from_utf8(contents(file)?).ok()?;
        text.truncate(text.trim_end().len());
        let text =
            if text.starts_with(char::is_whitespace) { text.trim().to_owned() } else { text };
        if let Some(recorder) = &self.recorder {
            recorder.note(&place(), Saved::Text(text.clone()));
        }
        Some(text)
    }

    /// A folder of which many files are to be read.
    pub(crate) fn folder(&self, place: &str) -> Option<Folder<'_>> {
        let open = File::open(self.path(place)?).ok()?;
        Some(Folder { files: self, place: place.to_owned(), open })
    }

    /// The decimal number in a file.
    pub(crate) fn number<T: std::str::FromStr>(&self, place: &str) -> Option<T> {
        self.text(place)?.parse().ok()
    }

    /// What the link at `place` points to, as it says itself.
    pub(crate) fn link(&self, place: &str) -> Option<PathBuf> {
        let target = self.target(place)?;
        self.note(place, || Saved::Link(target.clone()));
        Some(target)
    }

    /// The last part of what the link at `place` points to.
    pub(crate) fn link_name(&self, place: &str) -> Option<String> {
        let name = self.target(place)?.file_name()?.to_string_lossy().into_owned();
        self.note(place, || Saved::Name(name.clone()));
        Some(name)
    }

    fn target(&self, place: &str) -> Option<PathBuf> {
        self.path(place)?.read_link().ok()
    }

    /// The names in a folder, in order; nothing if it is not there.
    pub(crate) fn list(&self, place: &str) -> Vec<String> {
        let names = self.unrecorded_list(place);
        for name in &names {
            self.note(&format!("{place}/{name}"), || Saved::There);
        }
        names
    }

    /// The same of a folder with names that no bundle should have.
    pub(crate) fn unrecorded_list(&self, place: &str) -> Vec<String> {
        let folder = self.path(place).and_then(|path| std::fs::read_dir(path).ok());
        let entries = folder.into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    /// Whether there is a file or folder.
    pub(crate) fn exists(&self, place: &str) -> bool {
        let there = self.path(place).is_some_and(|path| path.exists());
        if there {
            self.note(place, || Saved::There);
        }
        there
    }

    /// Has what `saved` makes written down for `place`, if anything is.
    pub(crate) fn note(&self, place: &str, saved: impl FnOnce() -> Saved) {
        if let Some(recorder) = &self.recorder {
            recorder.note(place, saved());
        }
    }
}

/// A folder of a host that is open: its files are found from there, not from the root.
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    files: &'a Sysroot,
    place: String,
    open: File,
}

impl Folder<'_> {
    /// The text of the file at `name` below the folder, without white space around it.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat(&self.open, name, flags, Mode::empty()).ok()?;
        self.files.text_of(file.into(), || format!("{}/{name}", self.place))
    }

    /// The decimal number in the file at `name` below the folder.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The names in the folder at `name` below the folder, in order; nothing if it is not there. No bundle
    /// has them.
    pub(crate) fn unrecorded_list(&self, name: &str) -> Vec<String> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(folder) = openat(&self.open, name, flags, Mode::empty()) else { return Vec::new() };
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(folder, &mut space);
        let mut names = Vec::new();
        while let Some(Ok(entry)) = entries.next() {
            let name = entry.file_name().to_string_lossy();
            if !matches!(&*name, "." | "..") {
                names.push(name.into_owned());
            }
        }
        names.sort_unstable();
        names
    }
}

/// All of a file. Files of sysfs are short and have no size that counts: nothing is asked beforehand.
fn contents(mut file: File) -> Option<Vec<u8>> {
    let mut first = [0; 1024];
    let length = loop {
        match file.read(&mut first) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read.ok()?,
        }
    };
    let mut bytes = first.get(..length)?.to_vec();
    // A line without another one: that was all. What has more lines may come in pieces.
    let only_line = length < first.len()
        && bytes.iter().position(|byte| *byte == b'\n') == length.checked_sub(1);
    if !only_line {
        file.read_to_end(&mut bytes).ok()?;
    }
    Some(bytes)
}
