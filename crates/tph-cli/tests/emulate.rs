//! `tph emulate`

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use common::{run, tph};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tph_emu::engine::registers::{BlockRegister, offset_of};
use vfio_user::Client;

const CONFIG_REGION: u32 = 7;
const COMMAND: u64 = 4;
const MEMORY_AND_BUS_MASTER: [u8; 2] = [6, 0];

/// The command, serving; killed when dropped.
struct Emulation {
    child: Child,
    out: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Emulation {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = tph(&["emulate", "demo", "--dir", folder.path().to_str().unwrap()]);
        let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, folder }
    }

    fn event(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        let event = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        common::schema::check("emulate", &event);
        event
    }

    /// Lets queue 3 of the NIC write to where no memory is.
    fn ring(socket: &Path) {
        let mut client = Client::new(socket).unwrap();
        client.region_write(CONFIG_REGION, COMMAND, &MEMORY_AND_BUS_MASTER).unwrap();
        for (register, value) in [(BlockRegister::Length, 64_u32), (BlockRegister::Doorbell, 1)] {
            client.region_write(0, offset_of(3, register), &value.to_le_bytes()).unwrap();
        }
    }
}

impl Drop for Emulation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn clients_and_what_is_sent_are_told_as_lines_of_json() {
    let mut emulation = Emulation::start(&["--json"]);
    let serving = emulation.event();
    assert_eq!((&serving["schema"], &serving["event"]), (&1.into(), &"serving".into()));
    let socket = emulation.folder.path().join("nic0.sock");
    assert_eq!(serving["functions"][0]["socket"], socket.to_str().unwrap());
    let table = emulation.folder.path().join("tags.aml");
    assert_eq!(serving["acpi_table"], table.to_str().unwrap());
    assert_eq!(std::fs::read(&table).unwrap()[..4], *b"SSDT");

    Emulation::ring(&socket);
    let sent = std::iter::repeat_with(|| emulation.event()).find(|event| event["event"] == "sent");
    let queue = &sent.unwrap()["scoreboard"]["queues"][3];
    assert_eq!(
        (&queue["writes"], &queue["bytes"], &queue["faults"]),
        (&1.into(), &64.into(), &1.into())
    );
    assert_eq!(queue["hints"][0]["hint"], Value::Null);

    kill_process(Pid::from_child(&emulation.child), Signal::INT).unwrap();
    assert_eq!(emulation.child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists() && !table.exists(), "it leaves nothing behind");
}

#[test]
fn people_get_the_arguments_for_qemu_and_a_table() {
    let mut emulation = Emulation::start(&[]);
    let mut text = String::new();
    while !text.contains("Served until interrupted") {
        assert_ne!(emulation.out.read_line(&mut text).unwrap(), 0, "it ended early: {text}");
    }
    let folder = emulation.folder.path().to_str().unwrap().to_owned();
    insta::assert_snapshot!("serving", text.replace(&folder, "DIR"));

    Emulation::ring(&emulation.folder.path().join("nic0.sock"));
    let mut text = String::new();
    while !text.contains("QUEUE") {
        assert_ne!(emulation.out.read_line(&mut text).unwrap(), 0, "it ended early: {text}");
    }
    emulation.out.read_line(&mut text).unwrap();
    let board = text.lines().skip_while(|line| !line.starts_with("nic0 (")).collect::<Vec<_>>();
    insta::assert_snapshot!("board", board.join("\n"));
}

#[test]
fn a_profile_or_a_folder_that_cannot_be_is_refused() {
    let answer = run(&["emulate", "/nonexistent.toml", "--dir", "/tmp"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("/nonexistent.toml"), "{}", answer.err);
    let answer = run(&["emulate", "demo", "--dir", "/dev/null/x"]);
    assert_eq!(answer.code, Some(1));
    assert_eq!(
        answer.err,
        "error: /dev/null/x: Not a directory (os error 20)\n  next: Make the folder first, or name a \
         file in one that is there.\n"
    );
}
