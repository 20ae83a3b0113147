//! With which code each verb exits, and why: the table of docs/command.md, run.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::process::Stdio;

use common::{file, fixture, profile, run, tph};
use rustix::process::{Pid, Signal, kill_process};
use tph_lab_hosts::known;

/// What has to be interrupted to end well.
const HELD: [&str; 4] = ["hold", "apply", "watch", "emulate"];
/// What only a guest of the lab shows, with a device to bind.
const IN_THE_GUEST: [(&str, i32); 2] = [("bind", 0), ("unbind", 0)];

/// The code with which it exits; what holds a device is interrupted once it does.
fn code(arguments: &[&str]) -> i32 {
    let rehearsal = arguments.contains(&"--dry-run");
    if !HELD.contains(&arguments[0]) || rehearsal {
        return run(arguments).code.unwrap();
    }
    let mut child = tph(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // It says something when it holds the device, and nothing when it fails.
    let mut said = child.stdout.take().unwrap();
    if said.read(&mut [0; 1]).unwrap() > 0 {
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    }
    let code = child.wait().unwrap().code().unwrap();
    // Read until here: that nobody listens would end it too.
    drop(said);
    code
}

/// The table of the documentation: each verb with the codes that it can exit with.
fn documented() -> BTreeMap<String, BTreeSet<i32>> {
    let documentation = include_str!("../../../docs/command.md");
    let rows = documentation.split_once("| verb | exits with |\n").unwrap().1.lines().skip(1);
    let rows = rows.map_while(|row| row.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let verbs = rows.flat_map(|(verbs, codes)| {
        let codes: BTreeSet<_> = codes.split(", ").map(|code| code.parse().unwrap()).collect();
        verbs.split(", ").map(move |verb| (verb.trim_matches('`').to_owned(), codes.clone()))
    });
    verbs.collect()
}

/// A short experiment.
fn bench<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    let words = ["bench", "nic0", "--mode", "device-specific", "--map", "0=0", "--period", "1"];
    [&words[..], rest].concat()
}

/// Runs them all: the codes of each verb, which must be these.
fn exits(cases: &[(i32, Vec<&str>)]) -> BTreeMap<String, BTreeSet<i32>> {
    let mut seen: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    for (expected, arguments) in cases {
        assert_eq!(code(arguments), *expected, "{arguments:?}");
        seen.entry(arguments[0].to_owned()).or_default().insert(*expected);
    }
    seen
}

#[test]
fn each_verb_exits_as_it_is_documented() {
    let plan = |device: &str, entry: u16| {
        let head = format!("version = 1\ndevice = \"{device}\"\nmode = \"device-specific\"\n");
        file(&format!("{head}[[entry]]\nindex = {entry}\ncpu = 1\n"))
    };
    let (good, outside) = (plan("nic0", 0), plan("nic0", 64));
    let (good, outside) = (good.path().to_str().unwrap(), outside.path().to_str().unwrap());
    let of_saved = plan("01:00.0", 0);
    let of_saved = of_saved.path().to_str().unwrap();
    let unknown = known::demo();
    // As a user without root sees it.
    let config = unknown.at("/sys/bus/pci/devices/0000:01:00.0/config");
    std::fs::write(&config, &std::fs::read(&config).unwrap()[..64]).unwrap();
    for (name, text) in [("mode", "device-specific"), ("entries_in_use", "1")] {
        unknown.file(&format!("/sys/bus/pci/devices/0000:01:00.0/tph/{name}"), text);
    }
    let unknown = unknown.path().to_str().unwrap();
    let laptop = known::laptop();
    let laptop = laptop.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, part, sockets) = (at("whole"), at("part"), at("sockets"));
    let (short, no_tph) = (fixture("i210-short.lspci"), profile("no-capability"));
    let hold = ["hold", "nic0", "--mode", "device-specific", "--map"];
    let hold = |rest: [&'static str; 2]| [&hold[..], &rest].concat();
    let refused = [&hold(["0=0", "--json"])[..], &[&no_tph]].concat();
    let cases: Vec<(i32, Vec<&str>)> = vec![
        (0, vec!["demo"]),
        (0, vec!["demo", "--peer"]),
        (1, vec!["demo", "--sabotage", "3"]),
        (2, vec!["demo", "--fast"]),
        (0, vec!["dmabuf"]),
        (1, vec!["dmabuf", "4294967295"]),
        (2, vec!["dmabuf", "self"]),
        (0, vec!["list", "--emulated"]),
        (1, vec!["list", "--dump", "/nonexistent"]),
        (2, vec!["list", "nic0"]),
        (5, vec!["list", "--dump", &short]),
        (0, vec!["show", "nic0", "--emulated"]),
        (1, vec!["show", "nic7", "--emulated"]),
        (2, vec!["show", "--emulated"]),
        (2, vec!["show", "1:99.0"]),
        (5, vec!["show", "01:00.0", "--dump", &short]),
        (0, vec!["explain", "nic0", "--emulated"]),
        (1, vec!["explain", "nic7", "--emulated"]),
        (2, vec!["explain"]),
        (4, vec!["explain", "01:00.0", "--sysroot", laptop]),
        (0, vec!["map", "--emulated"]),
        (0, vec!["map", "01:00.0", "--queue", "0=0", "--sysroot", laptop]),
        (1, vec!["map", "nic0", "--emulated", "--queue", "0=99"]),
        (2, vec!["map", "--emulated", "--queue", "0=1"]),
        (4, vec!["map", "--sysroot", laptop, "--plan", of_saved]),
        (0, vec!["capture", &whole, "--sysroot", laptop]),
        (1, vec!["capture", &whole, "--sysroot", laptop]),
        (2, vec!["capture"]),
        (5, vec!["capture", &part, "--sysroot", unknown]),
        (1, vec!["bind", "ffff:ff:1f.7"]),
        (2, vec!["bind"]),
        (1, vec!["unbind", "ffff:ff:1f.7"]),
        (2, vec!["unbind"]),
        (0, hold(["0=0", "--emulated"])),
        (1, hold(["64=0", "--emulated"])),
        (2, hold(["0", "--emulated"])),
        (4, refused),
        (0, vec!["plan", "nic0", "--emulated", "--queue", "0=0"]),
        (1, vec!["plan", "nic0", "--emulated", "--queue", "0=99"]),
        (2, vec!["plan", "nic0", "--emulated"]),
        (4, vec!["plan", "nic0", &no_tph, "--queue", "0=0"]),
        (0, vec!["apply", good, "--emulated"]),
        (0, vec!["apply", good, "--emulated", "--dry-run"]),
        (1, vec!["apply", outside, "--emulated"]),
        (1, vec!["apply", outside, "--emulated", "--dry-run"]),
        (2, vec!["apply", good, "--sysroot", laptop]),
        (4, vec!["apply", good, &no_tph]),
        (4, vec!["apply", good, &no_tph, "--dry-run"]),
        (1, vec!["verify", "/nonexistent", "--emulated"]),
        (2, vec!["verify"]),
        (3, vec!["verify", good, "--emulated"]),
        (5, vec!["verify", of_saved, "--sysroot", unknown]),
        (0, vec!["watch", good, "--emulated"]),
        (1, vec!["watch", outside, "--emulated"]),
        (2, vec!["watch", good, "--sysroot", laptop]),
        (4, vec!["watch", good, &no_tph]),
        (0, bench(&["--emulated"])),
        (1, bench(&["--emulated", "--rounds", "1", "--", "/nonexistent"])),
        (2, bench(&["--emulated", "--rounds", "0"])),
        (4, bench(&[&no_tph])),
        (5, bench(&["--emulated", "--settle", "600000", "--", "true"])),
        (0, vec!["emulate", "demo", "--dir", &sockets]),
        (1, vec!["emulate", "/nonexistent", "--dir", &sockets]),
        (2, vec!["emulate", "demo"]),
    ];
    let mut seen = exits(&cases);
    for (verb, code) in IN_THE_GUEST {
        seen.entry(verb.to_owned()).or_default().insert(code);
    }
    // tests/apply.rs has a host on which everything is as planned.
    seen.entry("verify".to_owned()).or_default().insert(0);
    assert_eq!(seen, documented());
    let definition = tph_cli::definition();
    let verbs: BTreeSet<_> =
        definition.get_subcommands().map(|it| it.get_name().to_owned()).collect();
    assert_eq!(seen.into_keys().collect::<BTreeSet<_>>(), verbs);
}
