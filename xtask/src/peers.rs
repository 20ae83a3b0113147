//! `cargo xtask peers`: what lspci and hwloc make of the same registers and files.

use crate::process::target;
use crate::repo;
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tph_emu::Profile;
use tph_lab::prepare::prepare_peers;
use tph_lab::{Cache, Error, Progress, Sysroot, output};
use tph_peers::{Function, Tally, dump, emulated, functions, hwloc, lspci};

/// What of hwloc's tests has to be compared, and which part of the functions, or it shows nothing.
const HOSTS: usize = 40;
const PERCENT: usize = 90;
/// The folder among hwloc's hosts that is the root of none.
const NO_HOST: &str = "allowed";

/// How many functions one lspci gets: what it has not shown when it gives up is read again.
const CHUNK: usize = 250;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many functions lspci gets beside the emulated ones
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    functions: usize,
    /// Other functions
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (sysroot, hosts) = prepare_peers(&Cache::from_environment()?, Progress::detect())?;
    let registers = registers(&sysroot, arguments)?;
    println!("lspci: {registers}");
    let topology = topology(&sysroot, &hosts)?;
    println!("hwloc: {topology}");
    let same = registers.differences.is_empty() && topology.differences.is_empty();
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The generated functions and the emulated ones in one dump. lspci gives up at some malformed
/// functions; it is started again behind each of them.
fn registers(sysroot: &Sysroot, arguments: &Arguments) -> Result<Tally, Error> {
    let mut given = functions(arguments.seed, arguments.functions);
    given.extend(emulated_functions()?);
    // lspci shows them so.
    given.sort_by(|a, b| a.address.cmp(&b.address));
    let folder = target().join("peers");
    fs::create_dir_all(&folder).map_err(Error::file("make the folder", &folder))?;
    let path = folder.join("dump.txt");
    let mut tally = Tally::default();
    let mut rest = given.as_slice();
    while !rest.is_empty() {
        let chunk = &rest[..rest.len().min(CHUNK)];
        fs::write(&path, dump(chunk)).map_err(Error::file("write", &path))?;
        let mut command = sysroot.native("usr/bin/lspci");
        let start = |source| Error::Start { program: "lspci".to_owned(), source };
        let shown =
            command.arg("-F").arg(&path).args(["-vvv", "-n", "-D"]).output().map_err(start)?;
        let said = String::from_utf8_lossy(&shown.stdout);
        let compared =
            lspci::compare(&mut tally, chunk, &said, shown.status.success()).map_err(|why| {
                unexpected("lspci", format!("{why}{}", String::from_utf8_lossy(&shown.stderr)))
            })?;
        rest = &rest[compared..];
    }
    let text = dump(&given);
    fs::write(&path, &text).map_err(Error::file("write", &path))?;
    lspci::compare_dump(&mut tally, &given, &text)
        .map_err(|error| unexpected("tph", error.to_string()))?;
    enough(&tally, "lspci", "functions", (given.len() * PERCENT).div_ceil(100))?;
    Ok(tally)
}

/// Those of the demonstration and of every profile of the lab, in domains far from the others'.
fn emulated_functions() -> Result<Vec<Function>, Error> {
    let mut profiles = vec![Profile::demo()];
    for folder in ["lab/profiles", "lab/profiles/differential"] {
        let folder = repo::root().join(folder);
        let entries = fs::read_dir(&folder).map_err(Error::file("read", &folder))?;
        let paths = entries.flatten().map(|entry| entry.path());
        for path in paths.filter(|path| path.extension().is_some_and(|end| end == "toml")) {
            profiles.push(Profile::read(&path).map_err(Error::Profile)?);
        }
    }
    Ok(emulated(&profiles, 0x1000))
}

/// The hosts of hwloc's own tests, one after the other.
fn topology(sysroot: &Sysroot, hosts: &Path) -> Result<Tally, Error> {
    let entries = fs::read_dir(hosts).map_err(Error::file("read", hosts))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort_unstable();
    let mut tally = Tally::default();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        let mut command = sysroot.native("usr/bin/lstopo-no-graphics");
        command.args(["--input-format", "fsroot", "--input"]).arg(folder);
        let shown = match output(command.args(hwloc::OPTIONS), "run lstopo") {
            Ok(shown) => shown,
            Err(Error::Command { .. }) if folder.ends_with(NO_HOST) => {
                tally.explain("hwloc reads no CPUs: it is not the root of a host");
                continue;
            }
            Err(error) => return Err(error),
        };
        hwloc::compare(&mut tally, folder, &shown).map_err(|why| unexpected("lstopo", why))?;
    }
    enough(&tally, "lstopo", "hosts", HOSTS)?;
    Ok(tally)
}

/// Few comparisons without a difference say little.
fn enough(
    tally: &Tally,
    program: &'static str,
    what: &'static str,
    least: usize,
) -> Result<(), Error> {
    let compared = tally.counts.get(what).copied().unwrap_or_default();
    if compared >= least {
        return Ok(());
    }
    Err(unexpected(program, format!("{compared} {what} were compared, {least} have to be")))
}

fn unexpected(program: &'static str, output: String) -> Error {
    Error::Output { step: "compare what others read", program, output }
}
