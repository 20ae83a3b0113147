//! Runs the command.
#![allow(dead_code, reason = "each test file uses some of it")]

pub(crate) mod schema;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The command, without a terminal.
pub(crate) fn tph(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tph"));
    command.args(arguments).env_remove("CLICOLOR_FORCE");
    command
}

/// What it said and how it exited.
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Starts it, and reads its output until it has said so.
pub(crate) fn start(arguments: &[&str], until: &str) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = tph(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains(until) {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "it ended early: {text}");
    }
    (child, out, text)
}

/// Runs it to its end. Whatever it says in JSON is checked.
pub(crate) fn run(arguments: &[&str]) -> Answer {
    let Output { status, stdout, stderr } = tph(arguments).output().unwrap();
    let answer = Answer {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    };
    if arguments.iter().any(|argument| ["-j", "--json", "-p", "--pretty"].contains(argument)) {
        let verb = arguments.iter().find(|argument| !argument.starts_with('-'));
        schema::check_all(verb.unwrap_or(&"error"), &answer.out);
        schema::check_all("error", &answer.err);
    }
    answer
}

/// Runs it; it must be well.
pub(crate) fn output(arguments: &[&str]) -> String {
    let answer = run(arguments);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""), "{arguments:?}");
    answer.out
}

/// Its answer in JSON; it must be well.
pub(crate) fn json(arguments: &[&str]) -> serde_json::Value {
    let value: serde_json::Value = serde_json::from_str(&output(arguments)).unwrap();
    assert_eq!(value["schema"], 1);
    value
}

/// The document that an answer or an error is in both forms of JSON, which must be one and the same.
pub(crate) fn json_forms(line: &Answer, pretty: &Answer) -> serde_json::Value {
    let [line_text, pretty_text] =
        [line, pretty].map(|answer| if answer.out.is_empty() { &answer.err } else { &answer.out });
    assert_eq!(line_text.lines().count(), 1, "{line_text}");
    assert!(pretty_text.starts_with("{\n  \"schema\": 1,\n"), "{pretty_text}");
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let document = read(line_text);
    assert_eq!(document, read(pretty_text));
    document
}

/// A dump of tests/fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/fixtures", name].iter().collect();
    path.to_str().unwrap().to_owned()
}

/// A profile of the emulator's tests.
pub(crate) fn profile(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tph-emu/tests/profiles");
    format!("--emulated={folder}/{name}.toml")
}

/// A file with this text, gone when it is dropped.
pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// A plan that `tph plan` made.
pub(crate) fn planned(arguments: &[&str]) -> tempfile::NamedTempFile {
    let plan = file("");
    let path = plan.path().to_str().unwrap();
    output(&[&["plan", "nic0", "-o", path], arguments].concat());
    plan
}
