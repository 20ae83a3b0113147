//! `tph apply` and `tph verify`, on the emulated host and on saved ones

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use common::{file, json, output, planned, profile, run, tph};
use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;
use tph_lab_hosts::{Tree, known};

fn path(plan: &NamedTempFile) -> &str {
    plan.path().to_str().unwrap()
}

/// Without the name of the plan, which is another each time.
fn unnamed(text: &str, plan: &NamedTempFile) -> String {
    text.replace(path(plan), "PLAN")
}

/// Applies a plan and interrupts: what it said of the device while it had it, and after.
fn applied(plan: &NamedTempFile, source: &str) -> (Value, Value) {
    let arguments = ["apply", path(plan), source, "--json"];
    let mut child = tph(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut held = String::new();
    out.read_line(&mut held).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut released = String::new();
    out.read_to_string(&mut released).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let read = |text: &str| serde_json::from_str(text).unwrap();
    (read(&held), read(&released))
}

#[test]
fn what_is_applied_is_what_the_dry_run_said() {
    let hosts = [
        ("--emulated".to_owned(), "device-specific"),
        (profile("narrow"), "device-specific"),
        (profile("msix-table"), "interrupt-vector"),
    ];
    for (source, mode) in hosts {
        let plan = planned(&[&source, "--mode", mode, "--queue", "0=1", "3=0", "5=1"]);
        let dry = json(&["apply", path(&plan), &source, "--dry-run", "--json"]);
        // What each register and entry holds in the end.
        let (mut control, mut entries) = (0, BTreeMap::new());
        for change in dry["changes"].as_array().unwrap() {
            let new = change["new"].as_u64().unwrap();
            let index = change["index"].as_u64();
            match change["register"].as_str().unwrap() {
                "control" => control = new,
                "vector" => drop(entries.insert(index.unwrap(), new)),
                _ => {
                    entries.insert(index.unwrap(), new & 0xffff);
                    entries.insert(index.unwrap() + 1, new >> 16);
                }
            }
        }
        for _ in 0..2 {
            let (held, released) = applied(&plan, &source);
            assert_eq!((&held["event"], &held["mode"]), (&"applied".into(), &mode.into()));
            let tph = &held["function"]["tph"];
            assert_eq!(tph["control"]["raw"], control, "{source}");
            for entry in tph["entries"].as_array().unwrap() {
                let expected = entries.get(&entry["index"].as_u64().unwrap()).copied();
                assert_eq!(entry["raw"], expected.unwrap_or(0), "{source}");
            }
            assert!(held["entries"].as_array().unwrap().iter().all(|entry| {
                let index = usize::try_from(entry["index"].as_u64().unwrap()).unwrap();
                tph["entries"][index]["raw"] != 0
            }));
            assert_eq!(released["event"], "released");
        }
    }
}

#[test]
fn a_dry_run_shows_the_writes_in_their_order() {
    let plan = planned(&["--emulated", "--queue", "0=3", "1=9", "2=4"]);
    assert_snapshot!(output(&["apply", path(&plan), "--emulated", "--dry-run"]));
    let source = profile("msix-table");
    let plan = planned(&[&source, "--mode", "interrupt-vector", "--queue", "0=1", "7=0"]);
    assert_snapshot!(output(&["apply", path(&plan), &source, "--dry-run"]));
}

#[test]
fn on_a_saved_host_a_dry_run_says_whose_tags_are_written() {
    let plan = planned(&["--emulated", "--queue", "0=3", "1=9", "2=4"]);
    let tree = known::demo();
    let root = tree.path().to_str().unwrap();
    assert_snapshot!(output(&["apply", path(&plan), "--sysroot", root, "--dry-run"]));
    let dry = json(&["apply", path(&plan), "--sysroot", root, "--dry-run", "--json"]);
    let unknown =
        dry["changes"].as_array().unwrap().iter().filter(|change| change["new"].is_null());
    assert_eq!(unknown.count(), 2);
}

#[test]
fn what_cannot_be_applied_is_refused() {
    let head = "version = 1\ndevice = \"nic0\"\nmode = \"device-specific\"\n";
    let refused = |text: &str, arguments: &[&str]| {
        let plan = file(text);
        let answer = run(&[&["apply", path(&plan)], arguments].concat());
        assert_eq!(answer.out, "");
        unnamed(&format!("{}exit code {}\n", answer.err, answer.code.unwrap()), &plan)
    };
    let entry = |index: u16, cpu: u32| format!("{head}[[entry]]\nindex = {index}\ncpu = {cpu}\n");
    let cases = [
        refused(&entry(64, 0), &["--emulated"]),
        refused(&entry(64, 0), &["--emulated", "--dry-run"]),
        refused(&entry(0, 99), &["--emulated"]),
        refused(&entry(0, 99), &["--emulated", "--dry-run"]),
        refused(&entry(0, 0), &[&profile("no-capability"), "--dry-run"]),
        refused(&entry(0, 0), &[&profile("completer-none"), "--dry-run"]),
        refused(&entry(0, 0), &["--sysroot", "/nonexistent"]),
        refused(head, &["--emulated"]),
        refused(&head.replace('1', "one"), &["--emulated"]),
        refused(&(entry(0, 0) + "cpus = 4\n"), &["--emulated"]),
        refused(&(entry(0, 0) + "[[entry]]\nindex = 0\ncpu = 1\n"), &["--emulated"]),
        refused(&entry(0, 0).replace("nic0", "nic9"), &["--emulated"]),
    ];
    assert_snapshot!(cases.join("\n"));
}

#[test]
fn a_dry_run_warns_of_a_port_that_keeps_16_bit_tags_back() {
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    for (device, warnings) in [("0000:84:00.0", 1), ("0000:83:00.0", 0)] {
        let text = "version = 1\nmode = \"device-specific\"\n";
        let plan = file(&format!("{text}device = \"{device}\"\n[[entry]]\nindex = 0\ncpu = 3\n"));
        let arguments = ["apply", path(&plan), "--dry-run", "--sysroot", root];
        let said = output(&arguments);
        assert_eq!(said.matches("warning: 0000:82:01.0 passes no TLP prefixes").count(), warnings);
        let said = json(&[&arguments[..], &["--json"]].concat());
        assert_eq!(said["warnings"].as_array().unwrap().len(), warnings, "{said}");
    }
}

/// The host of the demonstration while a plan is on its device.
fn host_with(plan: &NamedTempFile) -> Tree {
    let tree = known::demo();
    let (held, _) = applied(plan, "--emulated");
    let tph = &held["function"]["tph"];
    let at = tree.at("/sys/bus/pci/devices/0000:01:00.0/config");
    let mut space = std::fs::read(&at).unwrap();
    let offset = usize::try_from(tph["offset"].as_u64().unwrap()).unwrap();
    let control = u32::try_from(tph["control"]["raw"].as_u64().unwrap()).unwrap();
    space[offset + 8..offset + 12].copy_from_slice(&control.to_le_bytes());
    for (entry, place) in tph["entries"].as_array().unwrap().iter().zip((offset + 12..).step_by(2))
    {
        let raw = u16::try_from(entry["raw"].as_u64().unwrap()).unwrap();
        space[place..place + 2].copy_from_slice(&raw.to_le_bytes());
    }
    std::fs::write(&at, space).unwrap();
    tree
}

#[test]
fn verifying_says_what_is_no_longer_as_planned() {
    let plan = planned(&["--emulated", "--queue", "0=3", "1=9", "2=4"]);
    let text = std::fs::read_to_string(plan.path()).unwrap();
    let address = text.replace("entry = 1\n", "entry = 1\nvector = 1\n");
    std::fs::write(plan.path(), address).unwrap();
    let tree = host_with(&plan);
    let thread = |id: u32, cpus: &str| {
        let status = format!("Name:\tpoll\nCpus_allowed_list:\t{cpus}");
        tree.file(&format!("/proc/42/task/{id}/status"), &status);
    };
    let interrupt = |irq: u32, cpus: &str| {
        tree.file(&format!("/sys/bus/pci/devices/0000:01:00.0/msi_irqs/{irq}"), "msix")
            .file(&format!("/proc/irq/{irq}/smp_affinity_list"), cpus);
    };
    let root = tree.path().to_str().unwrap();
    let verified = |more: &[&str]| {
        let answer = run(&[&["verify", path(&plan), "--sysroot", root], more].concat());
        assert_eq!(answer.err, "");
        unnamed(&format!("{}exit code {}\n", answer.out, answer.code.unwrap()), &plan)
    };
    let mut said = vec![verified(&[])];
    interrupt(70, "0");
    interrupt(71, "4");
    for (id, cpus) in [(42, "3"), (43, "9"), (44, "4")] {
        thread(id, cpus);
    }
    said.push(verified(&["--pid", "42"]));
    interrupt(71, "10");
    thread(44, "4-5");
    tree.file("/sys/devices/system/cpu/online", "0-8,10-15");
    said.push(verified(&["--pid", "42"]));
    let at = tree.at("/sys/bus/pci/devices/0000:01:00.0/config");
    let mut space = std::fs::read(&at).unwrap();
    space[0x10c..0x10e].fill(0);
    std::fs::write(&at, &space).unwrap();
    said.push(verified(&[]));
    space[0x109] = 0;
    std::fs::write(&at, &space).unwrap();
    said.push(verified(&[]));
    assert_snapshot!(said.join("\n"));
    let arguments = ["verify", path(&plan), "--sysroot", root, "--json"];
    let answer = run(&arguments);
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((answer.code, &report["as_planned"]), (Some(3), &false.into()));
    assert_eq!(report["drifts"][0]["kind"], "off");
}

#[test]
fn a_fresh_emulated_host_has_tph_off() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let answer = run(&["verify", path(&plan), "--emulated"]);
    assert_eq!(answer.code, Some(3));
    assert_eq!(
        unnamed(&answer.out, &plan),
        "0000:01:00.0  PLAN: one thing is not as planned\n  drift         TPH is off\n"
    );
}

#[test]
fn the_device_of_a_plan_must_be_there() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let tree = known::dsa();
    let root = tree.path().to_str().unwrap();
    let answer = run(&["verify", path(&plan), "--sysroot", root]);
    assert_eq!(
        answer.err,
        "error: 0000:01:00.0: no such PCI function here\n  next: See what there is: tph list.\n"
    );
    assert_eq!(answer.code, Some(1));
}
