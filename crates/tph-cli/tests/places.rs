//! Where answers and files go: names that are no text, nobody who listens, a full disk.

mod common;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use common::{planned, tph};
use tph_lab_hosts::known;

#[test]
fn names_that_are_no_text_are_names_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let name = |end: &[u8]| folder.path().join(OsStr::from_bytes(&[b"a\xff\xfe", end].concat()));
    let (plan, svg, sockets) = (name(b".toml"), name(b".svg"), name(b".d"));
    let tree = known::laptop();
    let saved = name(b".saved");
    let arguments = |text: &str, paths: &[(&str, &OsStr)]| {
        let word = |word: &str| {
            let path = paths.iter().find(|(stand, _)| *stand == word);
            path.map_or_else(|| word.into(), |(_, path)| (*path).to_owned())
        };
        text.split(' ').map(word).collect::<Vec<OsString>>()
    };
    let paths = [
        ("PLAN", plan.as_os_str()),
        ("SVG", svg.as_os_str()),
        ("SAVED", saved.as_os_str()),
        ("ROOT", tree.path().as_os_str()),
    ];
    for (call, expected) in [
        ("plan nic0 --emulated --queue 0=0 -o PLAN", 0),
        ("apply PLAN --emulated --dry-run", 0),
        ("verify PLAN --emulated", 3),
        ("map --emulated --svg SVG", 0),
        ("map --plan PLAN --emulated", 0),
        ("capture SAVED --sysroot ROOT", 0),
        ("list --sysroot SAVED", 1),
        ("list --dump SVG", 1),
        ("list --emulated=x", 1),
        ("show PLAN --emulated", 2),
    ] {
        for form in ["-j", "-p", "--"] {
            let _ = fs::remove_dir_all(&saved);
            let mut all = arguments(call, &paths);
            all.extend((form != "--").then(|| form.into()));
            let output = tph(&[]).args(&all).output().unwrap();
            assert_eq!(output.status.code(), Some(expected), "{call} {form}: {output:?}");
            for text in [output.stdout, output.stderr] {
                assert!(String::from_utf8(text).is_ok(), "{call} {form}");
            }
        }
    }
    let mut serving = tph(&["emulate", "demo", "-j", "--dir"]);
    let mut serving = serving.arg(&sockets).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(serving.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    common::schema::check_all("emulate", &line);
    assert!(line.contains("\"event\":\"serving\""), "{line}");
    let pid = rustix::process::Pid::from_child(&serving);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(serving.wait().unwrap().code(), Some(0));
}

/// Runs it with a standard output that takes nothing; the code, and what it said of it.
fn into(out: Stdio, call: &str) -> (i32, String) {
    let output = tph(&call.split(' ').collect::<Vec<_>>()).stdout(out).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn nobody_listening_is_no_error_and_a_full_disk_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let sockets = folder.path().join("sockets");
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let (good, sockets) = (plan.path().to_str().unwrap(), sockets.to_str().unwrap());
    for (call, code) in [
        ("list --emulated", 0),
        ("show nic0 --emulated", 0),
        ("explain nic0 --emulated", 0),
        ("map --emulated", 0),
        ("plan nic0 --emulated --queue 0=0", 0),
        (&format!("verify {good} --emulated"), 3),
        (&format!("apply {good} --emulated --dry-run"), 0),
        (&format!("apply {good} --emulated"), 0),
        (&format!("watch {good} --emulated"), 0),
        ("hold nic0 --emulated --mode device-specific --map 0=0", 0),
        (&format!("emulate demo --dir {sockets}"), 0),
        ("demo", 0),
        ("demo --peer", 0),
        ("dmabuf", 0),
        ("--help", 0),
        ("--version", 0),
        ("plan --help", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(into(writer.into(), call), (code, String::new()), "{call}");
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (failed, said) = into(full.into(), call);
        let expected = "error: writing the answer: No space left on device (os error 28)\n  next: Make room, or \
                        write to another place.\n";
        assert_eq!((failed, said.as_str()), (1, expected), "{call}");
    }
    assert_eq!(fs::read_dir(sockets).unwrap().count(), 0, "what is served goes with the command");
}
