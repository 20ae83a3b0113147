//! apt with a root of its own: its lists, its cache, an empty list of installed packages.

use super::mirror;
use super::view::View;
use crate::command::{each_line, output};
use crate::{Cache, Error, Progress, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the keys of Debian's archive are installed.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
];

/// The private apt, configured.
#[derive(Debug)]
pub(super) struct Apt {
    configuration: PathBuf,
    archives: PathBuf,
}

impl Apt {
    /// Lays out the private root of a view in the cache.
    pub(super) fn new(cache: &Cache, view: View) -> Result<Self> {
        let root = cache.folder(view.folder)?;
        cache.folder(root.join("state/lists/partial"))?;
        cache.folder(root.join("cache/archives/partial"))?;
        let sources = cache.folder(root.join("sources"))?.join("debian.sources");
        let suites = view.suites.join(" ");
        write(&sources, &sources_text("deb", &mirror::find()?, keyring()?, &suites))?;
        write(&root.join("status"), "")?;
        let configuration = root.join("apt.conf");
        write(&configuration, &configuration_text(&root, view.foreign))?;
        Ok(Self { configuration, archives: root.join("cache/archives") })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.configuration).env("LC_ALL", "C").current_dir(&self.archives);
        command
    }

    /// Fetches the archive's lists of packages.
    pub(super) fn update(&self, progress: Progress) -> Result<()> {
        self.fetch(&["update"], &[], "fetch the lists of packages", progress)
    }

    /// Downloads packages with all that they depend on; the files, in no order.
    pub(super) fn download(
        &self,
        packages: &[String],
        title: &str,
        progress: Progress,
    ) -> Result<Vec<PathBuf>> {
        let plan = output(
            self.command("apt-get").args(["--simulate", "install"]).args(packages),
            "resolve dependencies",
        )?;
        self.fetch(&["--download-only", "install"], packages, title, progress)?;
        plan.lines()
            .filter(|line| line.starts_with("Inst "))
            .map(|line| self.file_of(line))
            .collect()
    }

    /// Downloads just these packages; the files.
    pub(super) fn download_alone(
        &self,
        packages: &[String],
        title: &str,
        progress: Progress,
    ) -> Result<Vec<PathBuf>> {
        // It says nothing of a file that is in its working directory already.
        let elsewhere = self.configuration.parent().unwrap_or(&self.archives);
        let plan = output(
            self.command("apt-get")
                .args(["--print-uris", "download"])
                .args(packages)
                .current_dir(elsewhere),
            "find packages in the archive",
        )?;
        self.fetch(&["download"], packages, title, progress)?;
        let names: BTreeSet<&str> =
            plan.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        Ok(names.into_iter().map(|name| self.archives.join(name)).collect())
    }

    /// Downloads a package's sources of another suite; the files. The lists of sources are kept apart,
    /// so that nothing else has to wait for them.
    pub(super) fn sources(
        &self,
        cache: &Cache,
        package: &str,
        suite: &str,
        progress: Progress,
    ) -> Result<Vec<PathBuf>> {
        let parts = cache.folder("apt/source-packages")?;
        let lists = cache.folder("apt/state/source-lists")?;
        cache.folder("apt/state/source-lists/partial")?;
        let text = sources_text("deb-src", &mirror::find()?, keyring()?, suite);
        write(&parts.join("debian.sources"), &text)?;
        let options = [
            format!("--option=Dir::Etc::sourceparts={}", parts.display()),
            format!("--option=Dir::State::lists={}", lists.display()),
            "--option=Dir::Cache::pkgcache=".to_owned(),
            "--option=Dir::Cache::srcpkgcache=".to_owned(),
        ];
        let update = options.iter().map(String::as_str).chain(["update"]);
        self.fetch(&update.collect::<Vec<_>>(), &[], "fetch the list of sources", progress)?;
        let source = |flag| options.iter().map(String::as_str).chain([flag, "source"]);
        let plan = output(
            self.command("apt-get").args(source("--print-uris")).arg(package),
            "find sources",
        )?;
        let title = format!("download the sources of {package}");
        let download: Vec<_> = source("--download-only").collect();
        self.fetch(&download, &[package.to_owned()], &title, progress)?;
        let names = plan.lines().filter_map(|line| line.split_whitespace().nth(1));
        Ok(names.map(|name| self.archives.join(name)).collect())
    }

    /// The names of packages that match a regular expression.
    pub(super) fn search(&self, pattern: &str) -> Result<Vec<String>> {
        let found = output(
            self.command("apt-cache").args(["search", "--names-only", pattern]),
            "search for packages",
        )?;
        Ok(found.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
    }

    /// The `Depends:` line of a package in a suite.
    pub(super) fn depends(&self, package: &str, suite: &str) -> Result<String> {
        let shown = output(
            self.command("apt-cache")
                .args(["-o", &format!("APT::Default-Release={suite}")])
                .args(["show", "--no-all-versions", package]),
            "look up a package",
        )?;
        let depends = shown.lines().find_map(|line| line.strip_prefix("Depends: "));
        Ok(depends.unwrap_or_default().to_owned())
    }

    fn fetch(
        &self,
        verb: &[&str],
        packages: &[String],
        title: &str,
        progress: Progress,
    ) -> Result<()> {
        let mut step = progress.step(title);
        let mut command = self.command("apt-get");
        command.args(["-qq", "-o", "APT::Status-Fd=1"]).args(verb).args(packages);
        each_line(&mut command, "download packages", |line| {
            if let Some((percent, what)) = status(line) {
                step.at(percent, what);
            }
        })?;
        step.done();
        Ok(())
    }

    /// The file of a line such as `Inst name (1:2.3 Debian:13.7/stable [amd64])`.
    fn file_of(&self, line: &str) -> Result<PathBuf> {
        let name = file_name(line).ok_or_else(|| Error::Output {
            step: "resolve dependencies",
            program: "apt-get",
            output: line.to_owned(),
        })?;
        Ok(self.archives.join(name))
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::file("write", path))
}

fn keyring() -> Result<&'static str> {
    let found = KEYRINGS.into_iter().find(|path| Path::new(path).exists());
    found.ok_or_else(|| Error::NoKeyring { path: KEYRINGS[1].into() })
}

fn sources_text(types: &str, mirror: &str, keyring: &str, suites: &str) -> String {
    format!(
        "Types: {types}\nURIs: {mirror}\nSuites: {suites}\nComponents: main\nSigned-By: {keyring}\n"
    )
}

/// Read after the machine's own configuration (which may name a proxy), whose hooks it removes.
fn configuration_text(root: &Path, foreign: Option<&str>) -> String {
    let root = root.display();
    let foreign = foreign.map(|name| format!("\"{name}\"; ")).unwrap_or_default();
    format!(
        r#"Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{root}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{root}/state";
Dir::State::lists "{root}/state/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Cache::archives "{root}/cache/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "{root}";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
#clear APT::Default-Release;
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; {foreign}}};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"#
    )
}

/// Percentage and file of a line such as `dlstatus:3:12.5:Retrieving file 3 of 40`.
fn status(line: &str) -> Option<(u64, &str)> {
    let mut fields = line.strip_prefix("dlstatus:")?.splitn(3, ':').skip(1);
    let percent = fields.next()?.split('.').next()?.parse().ok()?;
    Some((percent, fields.next()?))
}

fn file_name(line: &str) -> Option<String> {
    let (name, rest) = line.strip_prefix("Inst ")?.split_once(" (")?;
    let inside = rest.split(')').next()?;
    let version = inside.split(' ').next()?.replace(':', "%3a");
    let (_, architecture) = inside.strip_suffix(']')?.rsplit_once('[')?;
    Some(format!("{name}_{version}_{architecture}.deb"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_package_names_its_file() {
        for (line, file) in [
            ("Inst make (4.4.1-2 Debian:13.7/stable [amd64])", "make_4.4.1-2_amd64.deb"),
            (
                "Inst zlib1g (1:1.3.dfsg-1+b1 Debian:13.7/stable [amd64]) []",
                "zlib1g_1%3a1.3.dfsg-1+b1_amd64.deb",
            ),
            (
                "Inst libc6 (2.41-12 Debian:13.7/stable [amd64]) [libgcc-s1:amd64 ]",
                "libc6_2.41-12_amd64.deb",
            ),
            (
                "Inst qemu-system-data (1:11.1.3+ds-1 Debian Backports:stable-backports [all])",
                "qemu-system-data_1%3a11.1.3+ds-1_all.deb",
            ),
        ] {
            assert_eq!(file_name(line).as_deref(), Some(file));
        }
        assert_eq!(file_name("Inst"), None);
    }

    #[test]
    fn a_status_line_gives_its_percentage() {
        let line = "dlstatus:3:12.5000:Retrieving file 3 of 40";
        assert_eq!(status(line), Some((12, "Retrieving file 3 of 40")));
        assert_eq!(status("Reading package lists..."), None);
    }
}
