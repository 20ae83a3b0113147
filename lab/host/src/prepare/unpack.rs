//! Unpacking packages into a folder, without installing them.

use crate::{Error, Progress, Result};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

/// The package whose links (`lib` to `usr/lib` and so on) all others rely on.
const FIRST: &str = "base-files_";
/// Where the sysroot remembers which packages are in it.
const MARKS: &str = ".unpacked";

/// Unpacks those packages that are not yet in the sysroot, several at a time.
pub(super) fn all(debs: &[PathBuf], root: &Path, title: &str, progress: Progress) -> Result<()> {
    let marks = root.join(MARKS);
    fs::create_dir_all(&marks).map_err(Error::file("make the folder", &marks))?;
    let mut missing: VecDeque<&PathBuf> =
        debs.iter().filter(|deb| !marks.join(name(deb)).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let step = Mutex::new((progress.step(title), 0));
    let total = missing.len();
    let report = |deb: &Path| {
        if let Ok(mut guard) = step.lock() {
            guard.1 += 1;
            let percent = guard.1 * 100 / total as u64;
            guard.0.at(percent, &name(deb));
        }
    };
    if let Some(first) = missing.iter().position(|deb| name(deb).starts_with(FIRST))
        && let Some(deb) = missing.remove(first)
    {
        one(deb, root, &marks)?;
        report(deb);
    }
    let queue = Mutex::new(missing);
    let workers = thread::available_parallelism().map_or(2, usize::from).min(8);
    thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some(deb) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) {
                one(deb, root, &marks)?;
                report(deb);
            }
            Ok(())
        };
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().try_for_each(|handle| handle.join().unwrap_or(Ok(())))
    })?;
    if let Ok((step, _)) = step.into_inner() {
        step.done();
    }
    Ok(())
}

fn name(deb: &Path) -> String {
    deb.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Unpacks one package; the mark is set only after the last file is there.
fn one(deb: &Path, root: &Path, marks: &Path) -> Result<()> {
    into_folder(deb, root)?;
    let mark = marks.join(name(deb));
    fs::write(&mark, "").map_err(Error::file("write", &mark))
}

/// Unpacks a package into a folder.
pub(super) fn into_folder(deb: &Path, root: &Path) -> Result<()> {
    let start = |program: &str| {
        let program = program.to_owned();
        move |source| Error::Start { program, source }
    };
    let mut reader = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(deb)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(start("dpkg-deb"))?;
    let stream = reader.stdout.take().map_or_else(Stdio::null, Stdio::from);
    // Some packages still ship files below /lib, which is a link to usr/lib.
    let unpacked = Command::new("tar")
        .args(["--extract", "--keep-directory-symlink", "--no-same-owner", "--directory"])
        .arg(root)
        .stdin(stream)
        .output()
        .map_err(start("tar"))?;
    let status = reader.wait().map_err(start("dpkg-deb"))?;
    let failed = |program: &str, status, output| Error::Command {
        step: "unpack a package",
        program: program.to_owned(),
        status,
        output,
    };
    if !status.success() {
        return Err(failed("dpkg-deb", status, name(deb)));
    }
    if !unpacked.status.success() {
        let output = format!("{}{}", name(deb), String::from_utf8_lossy(&unpacked.stderr));
        return Err(failed("tar", unpacked.status, output));
    }
    Ok(())
}
