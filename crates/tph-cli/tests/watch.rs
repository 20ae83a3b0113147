//! `tph watch`, on the emulated host and on a saved one

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use common::{planned, run, tph};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;
use tph_lab_hosts::known;

/// A watch that runs.
struct Watch {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Watch {
    fn start(plan: &NamedTempFile, arguments: &[&str]) -> Self {
        let path = plan.path().to_str().unwrap();
        let all = [&["watch", path, "--json"], arguments].concat();
        let mut child = tph(&all).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    /// The next thing that it says; it must be this kind of event.
    fn says(&mut self, event: &str) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&said["schema"], &said["event"]), (&1.into(), &event.into()), "{said}");
        said
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it; what it says then.
    fn end(mut self, signal: Signal) -> String {
        self.signal(signal);
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        text
    }
}

#[test]
fn it_has_the_plan_on_the_device_and_compares_when_asked() {
    let plan = planned(&["--emulated", "--queue", "0=3", "1=9"]);
    for signal in [Signal::INT, Signal::TERM] {
        let mut watch = Watch::start(&plan, &["--emulated"]);
        assert_eq!(watch.says("applied")["device"], "0000:01:00.0");
        let compared = watch.says("compared");
        assert_eq!(
            (&compared["cause"], &compared["as_planned"]),
            (&"the start".into(), &true.into()),
            "{compared}"
        );
        watch.signal(Signal::HUP);
        assert_eq!(watch.says("compared")["cause"], "SIGHUP");
        let end: Value = serde_json::from_str(&watch.end(signal)).unwrap();
        assert_eq!((&end["event"], &end["cause"]), (&"released".into(), &"a signal".into()));
    }
}

#[test]
fn it_reports_and_changes_nothing_if_told_so() {
    let plan = planned(&["--emulated", "--queue", "0=3", "1=9"]);
    let tree = known::demo();
    let arguments = ["--sysroot", tree.path().to_str().unwrap(), "--report-only"];
    let mut watch = Watch::start(&plan, &arguments);
    let kinds = |said: &Value| {
        let drifts = said["drifts"].as_array().unwrap().clone();
        drifts.iter().map(|drift| drift["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&watch.says("compared")), ["off"]);
    tree.file("/sys/devices/system/cpu/online", "0-8,10-15");
    watch.signal(Signal::HUP);
    assert_eq!(kinds(&watch.says("compared")), ["off", "cpu-not-online"]);
    assert_eq!(watch.end(Signal::TERM), "", "it has nothing to release");
}

#[test]
fn a_process_that_ends_is_said_once_and_the_device_watched_on() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let mut process = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = process.id().to_string();
    let mut watch = Watch::start(&plan, &["--emulated", "--pid", &pid]);
    watch.says("applied");
    let compared = watch.says("compared");
    assert_eq!(compared["drifts"][0]["kind"], "no-thread", "{compared}");
    // Nobody has asked how it ended: its number and its thread are still there.
    process.kill().unwrap();
    assert_eq!(watch.says("process-ended")["process"], process.id());
    let compared = watch.says("compared");
    assert_eq!(
        (&compared["cause"], &compared["as_planned"]),
        (&"the end of the process".into(), &true.into()),
        "{compared}"
    );
    process.wait().unwrap();
    watch.signal(Signal::HUP);
    assert_eq!(watch.says("compared")["as_planned"], true);
    let end: Value = serde_json::from_str(&watch.end(Signal::TERM)).unwrap();
    assert_eq!(end["event"], "released", "and nothing before that");
}

#[test]
fn a_process_of_a_saved_host_that_is_gone_is_said_once() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let tree = known::demo();
    tree.file("/proc/42/task/42/status", "Name:\tpoll\nCpus_allowed_list:\t3");
    let root = tree.path().to_str().unwrap();
    let mut watch = Watch::start(&plan, &["--sysroot", root, "--report-only", "--pid", "42"]);
    watch.says("compared");
    std::fs::remove_dir_all(tree.at("/proc/42")).unwrap();
    watch.signal(Signal::HUP);
    assert_eq!(watch.says("process-ended")["process"], 42);
    assert_eq!(watch.says("compared")["cause"], "SIGHUP");
    watch.signal(Signal::HUP);
    assert_eq!(watch.says("compared")["cause"], "SIGHUP");
    assert_eq!(watch.end(Signal::TERM), "");
}

#[test]
fn a_device_that_goes_is_waited_for() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let tree = known::demo();
    let root = tree.path().to_str().unwrap();
    let mut watch = Watch::start(&plan, &["--sysroot", root, "--report-only"]);
    watch.says("compared");
    let (here, away) = (tree.at("/sys/bus/pci/devices"), tree.at("/sys/bus/pci/away"));
    std::fs::rename(&here, &away).unwrap();
    watch.signal(Signal::HUP);
    assert_eq!(watch.says("not-repaired")["what"], "comparing after SIGHUP");
    std::fs::rename(&away, &here).unwrap();
    watch.signal(Signal::HUP);
    assert_eq!(watch.says("compared")["cause"], "SIGHUP");
    assert_eq!(watch.end(Signal::TERM), "");
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let plan = planned(&["--emulated", "--queue", "0=3"]);
    let path = plan.path().to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let answer = run(&[&["watch", path], arguments].concat());
        (answer.code.unwrap(), answer.err)
    };
    let (code, said) = refused(&["--sysroot", "/nonexistent"]);
    assert_eq!(
        (code, said.as_str()),
        (2, "error: a saved host has no devices to open: add --report-only\n")
    );
    let (code, said) = refused(&["--sysroot", "/nonexistent", "--report-only"]);
    assert_eq!(code, 1);
    let (gone, process) = refused(&["--emulated", "--pid", "4194304"]);
    assert_eq!(gone, 1, "{process}");
    assert!(process.contains("process 4194304: there is no such process here"), "{process}");
    assert!(said.contains("/nonexistent/sys/bus/pci/devices: No such file"), "{said}");
}
