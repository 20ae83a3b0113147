//! Making a `.deb` of a folder.

use super::VERSION;
use crate::process::{finish, target};
use crate::repo;
use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tph_lab::Error;

/// Of the packaging, for one version of what is packed.
const REVISION: u32 = 1;
/// Scripts that dpkg runs, those that there are.
const SCRIPTS: [&str; 4] = ["preinst", "postinst", "prerm", "postrm"];

/// A package while it is put together.
#[derive(Debug)]
pub(super) struct Package {
    name: &'static str,
    root: PathBuf,
    out: PathBuf,
}

impl Package {
    /// Begins with nothing in it. It is put together below cargo's folder, and only the finished
    /// package goes to `out`.
    pub(super) fn start(name: &'static str, out: &Path) -> Result<Self, Error> {
        let root = target().join("package-root").join(name);
        if root.exists() {
            fs::remove_dir_all(&root).map_err(Error::file("remove", &root))?;
        }
        fs::create_dir_all(root.join("DEBIAN")).map_err(Error::file("make", &root))?;
        fs::create_dir_all(out).map_err(Error::file("make", out))?;
        let absolute = |path: &Path| std::path::absolute(path).map_err(Error::file("find", path));
        Ok(Self { name, root: absolute(&root)?, out: absolute(out)? })
    }

    /// What is `/` once it is installed.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Puts a file in it.
    pub(super) fn file(&self, from: &Path, place: &str) -> Result<(), Error> {
        let bytes = fs::read(from).map_err(Error::file("read", from))?;
        self.write(place, &bytes, 0o644)
    }

    /// Puts a program in it.
    pub(super) fn program(&self, from: &Path, place: &str) -> Result<(), Error> {
        let bytes = fs::read(from).map_err(Error::file("read", from))?;
        self.write(place, &bytes, 0o755)
    }

    fn write(&self, place: &str, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let path = self.root.join(place);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
        fs::write(&path, bytes).map_err(Error::file("write", &path))?;
        fs::set_permissions(&path, Permissions::from_mode(mode))
            .map_err(Error::file("change", &path))
    }

    /// Adds what every package has, fills in `words` beside the version, and packs it. Where it is.
    pub(super) fn build(&self, words: &[(&str, &str)]) -> Result<PathBuf, Error> {
        let epoch = epoch()?;
        let documents = format!("usr/share/doc/{}", self.name);
        let templates = repo::root().join("packaging").join(self.name);
        let (license, maintainer) = (license()?, maintainer());
        let mut words = words.to_vec();
        let debian_version = format!("{VERSION}-{REVISION}");
        words.push(("@DEBIAN_VERSION@", &*debian_version));
        words.extend([
            ("@VERSION@", VERSION),
            ("@MAINTAINER@", &*maintainer),
            ("@MIT@", &*license),
        ]);
        let fill = |name: &str, words: &[(&str, &str)]| -> Result<String, Error> {
            let path = templates.join(name);
            let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
            Ok(words.iter().fold(text, |text, (word, value)| text.replace(word, value)))
        };
        self.write(
            &format!("{documents}/copyright"),
            fill("copyright", &words)?.as_bytes(),
            0o644,
        )?;
        self.file(&repo::root().join("CHANGELOG.md"), &format!("{documents}/changelog"))?;
        let history = history(self.name, &debian_version, &maintainer, &epoch)?;
        self.write(&format!("{documents}/changelog.Debian"), history.as_bytes(), 0o644)?;
        for script in SCRIPTS.iter().filter(|script| templates.join(script).exists()) {
            self.write(&format!("DEBIAN/{script}"), fill(script, &words)?.as_bytes(), 0o755)?;
        }
        if self.root.join("usr/lib/x86_64-linux-gnu").exists() {
            self.write("DEBIAN/triggers", b"activate-noawait ldconfig\n", 0o644)?;
            let shlibs = format!("libvfiotph 0 {} (>= {VERSION})\n", self.name);
            self.write("DEBIAN/shlibs", shlibs.as_bytes(), 0o644)?;
        }
        // Modes do not depend on who packs; text for people is compressed, without a time.
        self.script(
            "chmod -R u=rwX,go=rX .
             find usr/share -type f '(' -name 'changelog*' -o -name '*.1' ')' -exec gzip -9n {} +
             find usr -type f | LC_ALL=C sort | xargs md5sum > DEBIAN/md5sums
             chmod 644 DEBIAN/md5sums",
        )?;
        let size = self.size()?.to_string();
        words.push(("@SIZE@", &size));
        self.write("DEBIAN/control", fill("control", &words)?.as_bytes(), 0o644)?;
        let deb = self.out.join(format!("{}_{debian_version}_amd64.deb", self.name));
        let mut pack = Command::new("dpkg-deb");
        pack.args(["--root-owner-group", "-Zxz", "--build"]).arg(&self.root).arg(&deb);
        pack.env("SOURCE_DATE_EPOCH", epoch).stdout(Stdio::null());
        finish(&mut pack, "dpkg-deb", "pack")?;
        Ok(deb)
    }

    fn script(&self, text: &str) -> Result<(), Error> {
        let mut shell = Command::new("sh");
        let text = format!("cd \"$1\"\n{text}");
        finish(shell.args(["-euc", &text, "sh"]).arg(&self.root), "sh", "put a package in order")
    }

    /// In units of 1024 bytes, each file and folder rounded up.
    fn size(&self) -> Result<u64, Error> {
        fn of(folder: &Path) -> std::io::Result<u64> {
            let entries = fs::read_dir(folder)?;
            entries
                .map(|entry| {
                    let entry = entry?;
                    let known = entry.metadata()?;
                    if known.is_dir() {
                        of(&entry.path()).map(|size| size + 1)
                    } else {
                        Ok(known.len().div_ceil(1024))
                    }
                })
                .sum()
        }
        let usr = self.root.join("usr");
        of(&usr).map_err(Error::file("read", &usr))
    }
}

/// The newest version of libc of which the program wants a symbol.
pub(super) fn needed_libc(programs: &[PathBuf]) -> Result<String, Error> {
    let mut needed = (2, 17);
    for program in programs {
        let bytes = fs::read(program).map_err(Error::file("read", program))?;
        needed = newest_libc(&bytes).into_iter().fold(needed, Ord::max);
    }
    Ok(format!("{}.{}", needed.0, needed.1))
}

fn newest_libc(bytes: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"GLIBC_2.";
    let places = bytes.windows(NAME.len()).enumerate().filter(|(_, window)| *window == NAME);
    let minors = places.filter_map(|(at, _)| {
        let rest = &bytes[at + NAME.len()..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
    });
    minors.max().map(|minor| (2, minor))
}

/// The time that is written into packages: `SOURCE_DATE_EPOCH`, or that of the last commit.
pub(super) fn epoch() -> Result<String, Error> {
    if let Ok(epoch) = env::var("SOURCE_DATE_EPOCH") {
        return Ok(epoch);
    }
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(repo::root());
    let failed = |source| Error::Start { program: "git".to_owned(), source };
    let said = git.output().map_err(failed)?;
    let text = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    if said.status.success() && !text.is_empty() {
        return Ok(text);
    }
    let (step, program) = ("find the time of the last commit", "git".to_owned());
    Err(Error::Command { step, program, status: said.status, output: text })
}

/// What Debian's tools look for; what has changed is in the project's own changelog beside it.
fn history(name: &str, version: &str, maintainer: &str, epoch: &str) -> Result<String, Error> {
    let mut date = Command::new("date");
    date.args(["--utc", "--rfc-email", &format!("--date=@{epoch}")]).env("LC_ALL", "C");
    let failed = |source| Error::Start { program: "date".to_owned(), source };
    let date = String::from_utf8_lossy(&date.output().map_err(failed)?.stdout).trim().to_owned();
    Ok(format!(
        "{name} ({version}) unstable; urgency=medium\n\n  * What has changed is in changelog.gz.\n\n -- \
         {maintainer}  {date}\n"
    ))
}

/// Who answers for the package, in the variables that Debian's tools know.
fn maintainer() -> String {
    let name = env::var("DEBFULLNAME").unwrap_or_else(|_| "the vfio-tph developers".to_owned());
    let address = env::var("DEBEMAIL").unwrap_or_else(|_| "vfio-tph@packages.invalid".to_owned());
    format!("{name} <{address}>")
}

/// The text of the MIT licence as a copyright file has it.
fn license() -> Result<String, Error> {
    let path = repo::root().join("LICENSE-MIT");
    let text = fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let line = |line: &str| if line.is_empty() { " .".to_owned() } else { format!(" {line}") };
    Ok(text.trim().lines().map(line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_decides_which_libc_is_needed() {
        assert_eq!(newest_libc(b"x\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.9\0"), Some((2, 34)));
        assert_eq!(newest_libc(b"static"), None);
    }

    #[test]
    fn the_licence_reads_as_a_field_of_many_lines() {
        let text = license().unwrap();
        assert!(text.lines().all(|line| line.starts_with(' ')), "{text}");
        assert!(text.contains("\n .\n"), "{text}");
    }
}
