//! The files of hosts that hwloc's own tests read: archives in the sources of its Debian package.

use super::apt::Apt;
use super::view::View;
use crate::command::output;
use crate::sysroot::Mount;
use crate::{Cache, Error, Progress, Result, Sysroot};
use std::fs;
use std::path::PathBuf;

const PACKAGE: &str = "hwloc";
/// Not every mirror has the sources of newer ones.
const SUITE: &str = "bookworm";
const FOLDER: &str = "saved-hosts";
/// Where the sysroot sees the folder of downloads, and ours.
const ARCHIVES: &str = "/mnt/archives";
const HOSTS: &str = "/mnt/hosts";
/// One folder for each archive of a host; what is no archive of a whole host is left out.
const UNPACK: &str = r#"
    cd /mnt/hosts
    tar --extract --bzip2 --strip-components=4 --wildcards --no-same-owner \
        --file "$1" '*/tests/hwloc/linux/*.tar.bz2'
    for archive in *.tar.bz2; do
        tar --extract --bzip2 --no-same-owner --file "$archive"
    done
    rm -- *.tar.bz2
    chmod -R u+rwX ."#;

/// Where they lie, one folder for each host.
pub(super) fn folder(cache: &Cache) -> Result<PathBuf> {
    cache.folder(FOLDER)
}

/// Downloads and unpacks them afresh.
pub(super) fn fetch(cache: &Cache, sysroot: &Sysroot, progress: Progress) -> Result<()> {
    let apt = Apt::new(cache, View::LAB)?;
    let files = apt.sources(cache, PACKAGE, SUITE, progress)?;
    let upstream = files.iter().find(|file| file.to_string_lossy().contains(".orig.tar"));
    let missing = || Error::Output {
        step: "download sources",
        program: "apt-get",
        output: format!("no sources of {PACKAGE} from upstream"),
    };
    let archive = upstream.ok_or_else(missing)?;
    let (from, name) = archive.parent().zip(archive.file_name()).ok_or_else(missing)?;
    let hosts = folder(cache)?;
    fs::remove_dir_all(&hosts).map_err(Error::file("remove", &hosts))?;
    let hosts = folder(cache)?;
    let step = progress.step("unpack the files of hosts");
    let mounts = [Mount { from, to: ARCHIVES }, Mount { from: &hosts, to: HOSTS }];
    let inside = format!("{ARCHIVES}/{}", name.to_string_lossy());
    let mut command = sysroot.command("sh", &mounts);
    output(command.args(["-euc", UNPACK, "unpack", &inside]), "unpack the files of hosts")?;
    step.done();
    Ok(())
}
