//! `tph bench` with a driver that has the device

mod common;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Answer, file, run};
use serde_json::Value;

/// Every event of it.
fn events(answer: &Answer) -> Vec<Value> {
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A driver that steers itself: latencies are less while the file of its state says so.
fn driver(state: &Path, samples: &Path, end: &AtomicBool, steered: u32) {
    let mut samples = std::fs::OpenOptions::new().append(true).open(samples).unwrap();
    let mut number = 0_u32;
    while !end.load(Ordering::Relaxed) {
        let on = std::fs::read_to_string(state).is_ok_and(|text| text.trim() == "on");
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let latency = if on { steered } else { 1000 } + (number >> 24);
        writeln!(samples, "{latency}").unwrap();
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
}

/// Any function of this machine will do: nobody touches it.
fn any_device() -> Option<String> {
    let devices = std::fs::read_dir("/sys/bus/pci/devices").ok()?;
    devices.flatten().find_map(|entry| entry.file_name().into_string().ok())
}

/// An experiment with such a driver, and in which state it is left.
fn with_driver(device: &str, steered: u32) -> (Answer, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (program, state, samples) = (at("toggle"), at("state"), file(""));
    std::fs::write(&program, format!("#!/bin/sh\necho $1 > {}\n", state.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let end = AtomicBool::new(false);
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| driver(&state, samples.path(), &end, steered));
        let arguments = ["bench", device, "--toggle", program.to_str().unwrap()];
        let samples = ["--samples", samples.path().to_str().unwrap(), "--unit", "us"];
        let timing = ["--period", "40", "--settle", "20", "--rounds", "20", "-j", "--seed", "3"];
        let answer = run(&[&arguments[..], &samples, &timing, &["--count", "resctrl"]].concat());
        end.store(true, Ordering::Relaxed);
        answer
    });
    (answer, std::fs::read_to_string(&state).unwrap())
}

#[test]
fn a_driver_that_steers_itself_is_asked_to_and_its_latencies_count() {
    let Some(device) = any_device() else {
        eprintln!("skipped: this machine has no PCI function");
        return;
    };
    let (answer, left) = with_driver(&device, 500);
    assert_eq!(left, "on\n", "the driver is left steering");
    let started = &events(&answer)[0];
    assert_eq!((&started["switched_by"], &started["mode"]), (&"program".into(), &Value::Null));
    let all_here = started["not_here"].as_array().unwrap().is_empty();
    assert_eq!(answer.code, Some(if all_here { 0 } else { 5 }), "resctrl was named: {started}");
    let finished = events(&answer).pop().unwrap();
    let latency = |finished: &Value| {
        let all = finished["measured"].as_array().unwrap().iter();
        all.clone().find(|it| it["name"] == "latency-median").unwrap().clone()
    };
    let judged = latency(&finished);
    assert_eq!(
        (&judged["verdict"], &judged["unit"]),
        (&"difference".into(), &"us".into()),
        "{judged}"
    );
    assert!((judged["difference"].as_f64().unwrap() + 500.0).abs() < 100.0, "{judged}");
}

#[test]
fn a_dry_run_looks_whether_the_process_has_the_device() {
    let Some(device) = any_device() else {
        eprintln!("skipped: this machine has no PCI function");
        return;
    };
    let own = std::process::id().to_string();
    let answer = run(&["bench", &device, "--pid", &own, "--dry-run"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(1), ""), "{}", answer.err);
    assert!(answer.err.contains(&own), "{}", answer.err);
}
