//! `tph hold`, on the emulated host

mod common;

use std::io::{BufReader, Read};
use std::process::{Child, ChildStdout};

use common::{profile, run, start};
use rustix::process::{Pid, Signal, kill_process};

/// Interrupts it; what it says then.
fn interrupt(child: &mut Child, out: &mut BufReader<ChildStdout>, signal: Signal) -> String {
    kill_process(Pid::from_child(child), signal).unwrap();
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    text
}

#[test]
fn it_holds_until_interrupted() {
    let arguments =
        ["hold", "nic0", "--emulated", "--mode", "device-specific", "--map", "0=3", "1=9"];
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (mut child, mut out, text) = start(&arguments, "Held until interrupted");
        insta::assert_snapshot!("held", text);
        let end = interrupt(&mut child, &mut out, signal);
        assert_eq!(end, "0000:01:00.0  TPH is off, the entries are 0.\n");
    }
}

#[test]
fn each_event_is_a_line_of_json() {
    let arguments = [
        "hold",
        "01:00.0",
        "--emulated",
        "--json",
        "--mode",
        "interrupt-vector",
        "--map",
        "5=2,6=4",
    ];
    let (mut child, mut out, text) = start(&arguments, "\n");
    let held: serde_json::Value = serde_json::from_str(&text).unwrap();
    common::schema::check("hold", &held);
    assert_eq!((&held["schema"], &held["event"]), (&1.into(), &"held".into()));
    assert_eq!(held["mode"], "interrupt-vector");
    assert_eq!(held["map"][1], serde_json::json!({"queue": 6, "cpu": 4}));
    assert_eq!(held["function"]["tph"]["control"]["requester"], "on-16-bit");
    assert_ne!(held["function"]["tph"]["entries"][5]["raw"], 0);
    assert_eq!(held["function"]["tph"]["entries"][4]["raw"], 0);
    let released: serde_json::Value =
        serde_json::from_str(&interrupt(&mut child, &mut out, Signal::INT)).unwrap();
    common::schema::check("hold", &released);
    assert_eq!(released["event"], "released");
}

#[test]
fn a_table_in_the_msix_table_gets_its_vectors_first() {
    let source = profile("msix-table");
    let arguments = ["hold", "nic0", &source, "--mode", "interrupt-vector", "--map", "2047=1"];
    let (mut child, mut out, text) = start(&arguments, "Held until interrupted");
    insta::assert_snapshot!("held_in_msix", text);
    interrupt(&mut child, &mut out, Signal::INT);
}

#[test]
fn what_cannot_be_held_is_refused_with_its_reason() {
    let on = |source: &str, mode: &str, map: &str| {
        let answer = run(&["hold", "nic0", source, "--mode", mode, "--map", map]);
        assert_eq!(answer.out, "");
        (answer.code, answer.err)
    };
    let cases = [
        on("--emulated", "device-specific", "64=0"),
        on("--emulated", "device-specific", "0=16"),
        on(&profile("msix-table"), "device-specific", "2048=0"),
        on(&profile("no-capability"), "device-specific", "0=0"),
        on(&profile("no-modes"), "device-specific", "0=0"),
        on(&profile("completer-none"), "interrupt-vector", "0=0"),
        on(&profile("no-firmware"), "device-specific", "0=0"),
    ];
    let codes = cases.each_ref().map(|(code, _)| code.unwrap());
    assert_eq!(codes, [1, 1, 1, 4, 1, 1, 1]);
    insta::assert_snapshot!(cases.map(|(_, text)| text).join("\n"));
}
