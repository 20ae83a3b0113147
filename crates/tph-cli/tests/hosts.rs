//! What every verb says of every host that the tests know: as text, and the same in JSON.

mod common;

use std::collections::BTreeSet;

use common::{Answer, file, json_forms, run};
use insta::{assert_snapshot, with_settings};
use serde_json::Value;
use tph_lab_hosts::known;

/// A host to look at.
struct Host {
    name: &'static str,
    /// The function to look at.
    device: &'static str,
    /// How the command is told where to look.
    place: Vec<String>,
    /// Its files, which go with it.
    _tree: Option<tph_lab_hosts::Tree>,
}

/// All hosts: those that are saved, and the emulated one.
fn hosts() -> Vec<Host> {
    let saved = known::all().into_iter().map(|(name, tree)| Host {
        name,
        device: known::function_of(name),
        place: vec!["--sysroot".into(), tree.path().to_str().unwrap().into()],
        _tree: Some(tree),
    });
    let place = vec!["--emulated".into()];
    let emulated = Host { name: "emulated", device: "01:00.0", place, _tree: None };
    saved.chain([emulated]).collect()
}

/// How each verb is called. `PLAN` and `FOLDER` stand for names that are others each time.
fn calls(host: &Host) -> Vec<Vec<&str>> {
    let device = host.device;
    let queues = ["--queue", "0=0,1=2", "2=3"];
    let mut calls = vec![
        vec!["list", "--all"],
        vec!["show", device],
        vec!["explain", device],
        [&["plan", device][..], &queues].concat(),
        vec!["apply", "PLAN", "--dry-run"],
        vec!["verify", "PLAN"],
        vec!["bench", device, "--plan", "PLAN", "--seed", "1", "--dry-run"],
        vec!["map"],
        vec!["map", device, "--all", "--queue", "0=0,1=2", "2=3"],
        vec!["map", "--plan", "PLAN"],
    ];
    // Of the large host it takes seconds, and the library's own tests do it.
    if host.place[0] == "--sysroot" && host.name != "large" {
        calls.push(vec!["capture", "FOLDER"]);
    }
    calls
}

/// A plan for its function, whatever it can do.
fn plan(host: &Host) -> tempfile::NamedTempFile {
    let entry = |index, cpu| format!("[[entry]]\nindex = {index}\ncpu = {cpu}\n");
    let queue = |number, cpu, entry| {
        format!("[[queue]]\nnumber = {number}\ncpu = {cpu}\nentry = {entry}\n")
    };
    let head = format!("version = 1\ndevice = \"{}\"\nmode = \"device-specific\"\n", host.device);
    file(
        &(head + &queue(0, 0, 0) + &queue(1, 2, 1) + &queue(2, 3, 1) + &entry(0, 0) + &entry(1, 2)),
    )
}

/// What it says, with the names that are others each time left out.
fn said(host: &Host, call: &[&str], more: &[&str]) -> Answer {
    let plan = plan(host);
    let folder = tempfile::tempdir().unwrap();
    let names = [
        ("PLAN", plan.path()),
        ("FOLDER", folder.path()),
        ("ROOT", host.place.last().unwrap().as_ref()),
    ];
    let name = |word: &&str| {
        let stands = names.iter().find(|(stand, _)| stand == word);
        stands.map_or(*word, |(_, path)| path.to_str().unwrap()).to_owned()
    };
    let arguments: Vec<_> = call.iter().map(name).chain(host.place.clone()).collect();
    let arguments: Vec<_> =
        arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    let mut answer = run(&arguments);
    for (stand, path) in names.iter().filter(|(_, path)| path.is_absolute()) {
        for text in [&mut answer.out, &mut answer.err] {
            *text = text.replace(path.to_str().unwrap(), stand);
        }
    }
    answer
}

#[test]
fn each_verb_says_of_each_host_what_it_said_before_and_the_same_in_json() {
    for host in hosts() {
        let mut session = Vec::new();
        for call in calls(&host) {
            let text = said(&host, &call, &[]);
            compare_with_json(&host, &call, &text);
            let Answer { code, out, err } = text;
            let code = code.unwrap();
            let call = call.join(" ");
            session.push(format!("$ tph {call}\n{out}{err}exit code {code}\n"));
        }
        with_settings!({ omit_expression => true }, { assert_snapshot!(host.name, session.join("\n")) });
    }
}

#[test]
fn no_verb_and_no_snapshot_is_left_over() {
    /// Those that look at a saved host and never end.
    const ENDLESS: [&str; 1] = ["watch"];
    let hosts = hosts();
    let called: BTreeSet<_> = calls(&hosts[0]).iter().map(|call| call[0].to_owned()).collect();
    let definition = tph_cli::definition();
    let verbs = definition.get_subcommands().filter(|verb| {
        verb.get_arguments().any(|argument| argument.get_id() == "sysroot")
            && !ENDLESS.contains(&verb.get_name())
    });
    assert_eq!(called, verbs.map(|verb| verb.get_name().to_owned()).collect());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let files = files.filter_map(|name| {
        Some(name.to_str()?.strip_prefix("hosts__")?.strip_suffix(".snap")?.to_owned())
    });
    let kept: BTreeSet<_> = files.collect();
    assert_eq!(kept, hosts.iter().map(|host| host.name.to_owned()).collect());
}

/// Every string and number in it.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        Value::Array(list) => list.iter().for_each(|value| leaves(value, found)),
        Value::String(text) => found.push(text.clone()),
        Value::Number(number) => found.push(number.to_string()),
        Value::Bool(_) | Value::Null => {}
    }
}

/// What of a text are identities and addresses of functions, and values of registers.
fn facts(text: &str) -> BTreeSet<String> {
    /// What every TPH Requester capability has.
    const CAPABILITY_ID: &str = "0x0017";
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "+:._-".contains(c)));
    let words = words.map(|word| word.trim_end_matches(['.', ':', '-']));
    let is_fact = |word: &&str| {
        let address = word.len() == 12 && word.matches([':', '.']).count() == 3;
        let number = word.starts_with("0x") && *word != CAPABILITY_ID;
        address || number || (word.len() == 9 && word.as_bytes()[4] == b':')
    };
    words.filter(is_fact).map(str::to_owned).collect()
}

/// Holds a text against both forms of the same in JSON.
fn compare_with_json(host: &Host, call: &[&str], text: &Answer) {
    let [line, pretty] = ["-j", "-p"].map(|form| said(host, call, &[form]));
    let name = format!("{}: {call:?}", host.name);
    assert_eq!((line.code, pretty.code), (text.code, text.code), "{name}");
    let empty = |answer: &Answer| (answer.out.is_empty(), answer.err.is_empty());
    assert_eq!(empty(&line), empty(text), "{name}");
    let document = json_forms(&line, &pretty);
    if !text.err.is_empty() {
        let error = &document["error"];
        let next = error["next"].as_str().map(|next| format!("  next: {next}\n"));
        let message = error["message"].as_str().unwrap();
        assert_eq!(format!("error: {message}\n{}", next.unwrap_or_default()), text.err, "{name}");
    }
    let mut known = Vec::new();
    leaves(&document, &mut known);
    for fact in facts(&text.out) {
        let number = fact.strip_prefix("0x").and_then(|it| u64::from_str_radix(it, 16).ok());
        let number = number.map(|number| number.to_string());
        let has = |leaf: &String| leaf.contains(&fact) || Some(leaf) == number.as_ref();
        assert!(known.iter().any(has), "{name}: {fact} is not in {document:#}");
    }
}
