//! Debian's sources of a kernel, unpacked: all, or what checks a patch.

use super::unpack::into_folder;
use crate::kernel::{KernelChoice, Version};
use crate::{Cache, Error, Progress, Result, Sysroot};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How much of the sources is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All, to build the kernel.
    Whole,
    /// `scripts/checkpatch.pl` and what it reads.
    Checkpatch,
}

impl Extent {
    /// The name of its stamp.
    pub(super) const fn stamp(self) -> &'static str {
        match self {
            Self::Whole => "kernel-source",
            Self::Checkpatch => "checkpatch",
        }
    }

    /// The cache's folder for it, and what the names of the trees in it begin with.
    const fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Whole => ("debug-kernel", "source-"),
            Self::Checkpatch => ("checkpatch", ""),
        }
    }

    /// What tar is told to unpack; nothing means all.
    const fn members(self) -> &'static [&'static str] {
        match self {
            Self::Whole => &[],
            Self::Checkpatch => &[
                "--wildcards",
                "*/scripts/checkpatch.pl",
                "*/scripts/const_structs.checkpatch",
                "*/scripts/spelling.txt",
            ],
        }
    }
}

/// A tree of sources in the cache, complete to its extent.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Debian's version of it.
    pub(crate) version: Version,
    /// Its folder's path in the cache.
    pub(crate) inside: PathBuf,
}

impl Source {
    fn of(version: Version, extent: Extent) -> Self {
        let (folder, prefix) = extent.place();
        let inside = Path::new(folder).join(format!("{prefix}{version}"));
        Self { version, inside }
    }

    /// The sources of that version, if they are in the cache.
    pub(super) fn find(cache: &Cache, version: Version, extent: Extent) -> Result<Option<Self>> {
        cache.folder(extent.place().0)?;
        let source = Self::of(version, extent);
        Ok(cache.root().join(&source.inside).is_dir().then_some(source))
    }
}

/// Unpacks the package of sources among `debs`. A tree has its name only when it is complete.
pub(super) fn unpack(
    cache: &Cache,
    sysroot: &Sysroot,
    debs: &[PathBuf],
    extent: Extent,
    progress: Progress,
) -> Result<Source> {
    let missing = || Error::NoKernelPackage { choice: KernelChoice::Debug.to_string() };
    let named = debs.iter().find_map(|deb| Some((deb, Name::of(deb)?)));
    let (deb, name) = named.ok_or_else(missing)?;
    if let Some(source) = Source::find(cache, name.version.clone(), extent)? {
        return Ok(source);
    }
    let step = progress.step(format!("unpack the sources of Linux {}", name.version));
    let folder = cache.folder(extent.place().0)?;
    let scratch = tempfile::Builder::new()
        .prefix("unpack-")
        .tempdir_in(&folder)
        .map_err(Error::file("make a folder in", &folder))?;
    into_folder(deb, scratch.path())?;
    let tree = scratch.path().join("tree");
    fs::create_dir(&tree).map_err(Error::file("make the folder", &tree))?;
    unpack_tar(sysroot, &scratch.path().join("usr/src").join(name.tar()), &tree, extent)?;
    let source = Source::of(name.version, extent);
    let target = cache.root().join(&source.inside);
    fs::rename(&tree, &target).map_err(Error::file("replace", &target))?;
    step.done();
    Ok(source)
}

/// This machine's tar need not have xz beside it; the sysroot has.
fn unpack_tar(sysroot: &Sysroot, archive: &Path, tree: &Path, extent: Extent) -> Result<()> {
    let start =
        |program: &'static str| move |source| Error::Start { program: program.to_owned(), source };
    let mut xz: Command = sysroot.native("usr/bin/xz");
    let mut reader = xz
        .args(["--decompress", "--stdout", "--threads=0"])
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start("xz"))?;
    let stream = reader.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let unpacked = Command::new("tar")
        .args(["--extract", "--strip-components=1", "--no-same-owner", "--directory"])
        .arg(tree)
        .args(extent.members())
        .stdin(stream)
        .output()
        .map_err(start("tar"))?;
    let read = reader.wait().map_err(start("xz"))?;
    for (program, status) in [("tar", unpacked.status), ("xz", read)] {
        if !status.success() {
            let step = "unpack the kernel's sources";
            let output = String::from_utf8_lossy(&unpacked.stderr).into_owned();
            return Err(Error::Command { step, program: program.to_owned(), status, output });
        }
    }
    Ok(())
}

/// What the name of a package's file says, such as `linux-source-7.3_7.3.4-1~bpo13+1_all.deb`.
#[derive(Debug, PartialEq, Eq)]
struct Name {
    package: String,
    version: Version,
}

impl Name {
    fn of(deb: &Path) -> Option<Self> {
        let mut parts = deb.file_name()?.to_str()?.strip_suffix(".deb")?.split('_');
        let package = parts.next().filter(|name| name.starts_with("linux-source-"))?.to_owned();
        Some(Self { package, version: Version::new(parts.next()?) })
    }

    fn tar(&self) -> String {
        format!("{}.tar.xz", self.package)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_the_version_and_its_archive() {
        let name = Name::of(Path::new("/a/linux-source-7.3_7.3.4-1~bpo13+1_all.deb")).unwrap();
        assert_eq!(name.version, Version::new("7.3.4-1~bpo13+1"));
        assert_eq!(name.tar(), "linux-source-7.3.tar.xz");
        assert_eq!(Name::of(Path::new("/a/binutils_2.44-3_amd64.deb")), None);
    }

    #[test]
    fn only_a_complete_tree_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let find = |extent| Source::find(&cache, Version::new("7.3.4-1"), extent).unwrap();
        assert!(find(Extent::Whole).is_none());
        fs::create_dir_all(folder.path().join("debug-kernel/unpack-x/tree")).unwrap();
        assert!(find(Extent::Whole).is_none());
        fs::create_dir_all(folder.path().join("debug-kernel/source-7.3.4-1")).unwrap();
        let source = find(Extent::Whole).unwrap();
        assert_eq!(source.inside, Path::new("debug-kernel/source-7.3.4-1"));
        assert!(find(Extent::Checkpatch).is_none());
    }
}
