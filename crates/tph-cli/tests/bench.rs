//! `tph bench`, on the emulated host

mod common;

use std::io::Read;

use common::{Answer, file, profile, run, start};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;

const STEER: [&str; 5] = ["--mode", "device-specific", "--map", "0=3", "1=9"];
const SHORT: [&str; 4] = ["--period", "1", "--seed", "7"];

/// The host of the demonstration with another counter.
fn host(from: &str, to: &str) -> (NamedTempFile, String) {
    let demo = include_str!("../../tph-emu/profiles/demo.toml");
    assert!(demo.contains(from), "{from}");
    let profile = file(&demo.replace(from, to));
    let option = format!("--emulated={}", profile.path().to_str().unwrap());
    (profile, option)
}

fn bench(host: &str, more: &[&str]) -> Answer {
    run(&[&["bench", "nic0", host], &SHORT[..], more].concat())
}

/// Every event of it.
fn events(answer: &Answer) -> Vec<Value> {
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What it says at its end about its only measurement.
fn judged(answer: &Answer) -> Value {
    let events = events(answer);
    let finished = events.last().unwrap();
    assert_eq!(finished["event"], "finished", "{}{}", answer.out, answer.err);
    finished["measured"][0].clone()
}

#[test]
fn a_difference_that_the_packets_make_is_found() {
    let answer = bench("--emulated", &STEER);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!("difference", answer.out);
    let answer = bench("--emulated", &[&STEER[..], &["-j"]].concat());
    let events = events(&answer);
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let expected = [&["started"][..], &["round"; 20], &["finished"]].concat();
    assert_eq!(kinds, expected);
    for round in &events[1..21] {
        let measured = &round["measured"][0];
        assert!(measured["on"].as_f64().unwrap() < measured["off"].as_f64().unwrap(), "{round}");
    }
    let judged = judged(&answer);
    assert_eq!(judged["verdict"], "difference");
    // A write is a packet of 128 bytes, two lines: of 1000 lines 850 and 120 are missed.
    let near =
        |value: &Value, expected: f64| (value.as_f64().unwrap() / expected - 1.0).abs() < 0.05;
    assert!(near(&judged["off"]["median"], 1.7) && near(&judged["on"]["median"], 0.24), "{judged}");
    assert!(near(&judged["difference"], 0.24 - 1.7), "{judged}");
}

#[test]
fn without_a_difference_it_says_so() {
    let (_profile, none) = host("steered = 120\nunsteered = 850", "steered = 850\nunsteered = 850");
    let answer = bench(&none, &STEER);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!("no_difference", answer.out);
    let mut found = 0;
    for seed in 0..40 {
        let (_profile, none) = host(
            "steered = 120\nunsteered = 850\nnoise = 50\nseed = 1",
            &format!("steered = 850\nunsteered = 850\nnoise = 50\nseed = {seed}"),
        );
        let answer = bench(&none, &[&STEER[..], &["-j"]].concat());
        found += u32::from(judged(&answer)["verdict"] == "difference");
    }
    // At most one in twenty in the long run; six of forty come once in seventy times then.
    assert!(found < 6, "{found} of 40");
}

#[test]
fn tags_of_another_cache_make_no_difference() {
    // The queues are polled by CPUs 8 and 9, the entries name CPU 0, on the other socket.
    let text = "version = 1\ndevice = \"nic0\"\nmode = \"device-specific\"\n\
                [[queue]]\nnumber = 0\ncpu = 8\nentry = 0\n\
                [[queue]]\nnumber = 1\ncpu = 9\nentry = 1\n\
                [[entry]]\nindex = 0\ncpu = 0\n[[entry]]\nindex = 1\ncpu = 0\n";
    let verdict = |text: &str| {
        let plan = file(text);
        let answer = bench("--emulated", &["--plan", plan.path().to_str().unwrap(), "-j"]);
        assert_eq!(events(&answer)[0]["cpus"], "8-9");
        judged(&answer)["verdict"].clone()
    };
    assert_eq!(verdict(text), "no-difference");
    assert_eq!(verdict(&text.replace("cpu = 0\n", "cpu = 8\n")), "difference");
}

#[test]
fn in_interrupt_vector_mode_the_entry_of_the_vector_counts() {
    let steer = ["--mode", "interrupt-vector", "--map", "5=2,6=4", "-j"];
    assert_eq!(judged(&bench("--emulated", &steer))["verdict"], "difference");
}

#[test]
fn too_few_rounds_are_called_so() {
    let answer = bench("--emulated", &[&STEER[..], &["--rounds", "5"]].concat());
    assert_eq!(answer.code, Some(0));
    insta::assert_snapshot!("too_few_rounds", answer.out);
}

#[test]
fn what_was_never_measured_is_called_so() {
    let empty = file("");
    let samples = ["--samples", empty.path().to_str().unwrap()];
    let answer = bench("--emulated", &[&STEER[..], &samples].concat());
    assert_eq!(answer.code, Some(5), "{}", answer.out);
    let said = "LLC-load-misses less. latency-median was never measured. \
                latency-99-percent was never measured.\n";
    assert!(answer.out.ends_with(said), "{}", answer.out);
    let answer = bench("--emulated", &[&STEER[..], &samples, &["-j"]].concat());
    let finished = events(&answer).pop().unwrap();
    let verdicts: Vec<_> =
        finished["measured"].as_array().unwrap().iter().map(|it| &it["verdict"]).collect();
    assert_eq!(verdicts, ["difference", "never-measured", "never-measured"]);
}

#[test]
fn a_dry_run_says_what_would_be_counted() {
    let answer = bench("--emulated", &[&STEER[..], &["--dry-run"]].concat());
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!("dry_run", answer.out);
    let samples = ["--samples", "/nonexistent", "--unit", "us", "--dry-run"];
    let answer = bench("--emulated", &[&STEER[..], &samples].concat());
    assert_eq!(answer.code, Some(0), "it is not opened: {}", answer.err);
    assert!(answer.out.contains("latency-99-percent us  (samples)"), "{}", answer.out);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (_profile, without) =
        host("[misses]\nsteered = 120\nunsteered = 850\nnoise = 50\nseed = 1\n", "");
    let of_another = file(
        "version = 1\ndevice = \"0000:02:00.0\"\nmode = \"device-specific\"\n\
         [[entry]]\nindex = 0\ncpu = 0\n",
    );
    let said = |host: &str, more: &[&str]| {
        let answer = bench(host, more);
        assert_eq!(answer.out, "", "{more:?}");
        format!("{}: {}", answer.code.unwrap(), answer.err)
    };
    let with = |more: &[&'static str]| said("--emulated", &[&STEER[..], more].concat());
    let cases = [
        said("--emulated", &[]),
        said("--emulated", &["--map", "0=3"]),
        said("--emulated", &["--mode", "device-specific"]),
        said("--emulated", &["--mode", "device-specific", "--map", "64=0"]),
        said(&profile("no-capability"), &STEER),
        said(&without, &STEER),
        said("--sysroot=/nonexistent", &STEER),
        said("--emulated", &["--plan", of_another.path().to_str().unwrap()])
            .replace(of_another.path().to_str().unwrap(), "PLAN"),
        with(&["--rounds", "0"]),
        with(&["--rounds", "1001"]),
        with(&["--cpus", "x"]),
        with(&["--count", "luck"]),
        with(&["--cpus", "3"]),
        with(&["--count", "cpu"]),
        with(&["--unit", "us"]),
        with(&["--samples", "/nonexistent"]),
        with(&["--plan", "/nonexistent"]),
        with(&["--toggle", "/nonexistent"]),
        with(&["--pid", "1"]),
        with(&["--", "/nonexistent"]),
    ];
    insta::assert_snapshot!(cases.join("\n"));
}

#[test]
fn an_interrupt_ends_it_with_what_there_is() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let arguments =
            [&["bench", "nic0", "--emulated", "-j", "--period", "50", "--settle", "0"], &STEER[..]];
        let (mut child, mut out, mut text) = start(&arguments.concat(), "\"round\"");
        kill_process(Pid::from_child(&child), signal).unwrap();
        out.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(5));
        common::schema::check_all("bench", &text);
        let finished: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert_eq!(finished["ended_early"], "it was interrupted");
        let rounds = text.lines().count() - 2;
        assert_eq!(finished["rounds"], rounds);
        assert_eq!(finished["measured"][0]["rounds"], rounds);
    }
}

#[test]
fn a_load_that_ends_early_ends_it_and_one_that_does_not_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ended = folder.path().join("ended");
    let short = ["--period", "1", "-j"];
    let with = |script: &str| {
        let load = ["--", "sh", "-c", script];
        run(&[&["bench", "nic0", "--emulated"], &short[..], &STEER, &load].concat())
    };
    let answer = run(&[
        &["bench", "nic0", "--emulated", "--period", "600000"],
        &STEER[..],
        &["--", "sh", "-c", "echo 1; exit 3"],
    ]
    .concat());
    assert_eq!(answer.code, Some(5));
    assert!(
        answer.out.contains("This is a part: the load ended. What is above is of 0 whole rounds.")
    );
    assert_eq!(answer.err, "1\n", "what the load says is no answer");
    let script = format!("trap 'touch {}; exit' TERM; sleep 600 & wait", ended.display());
    let answer = with(&script);
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    assert!(ended.exists(), "it was told to end");
    std::fs::remove_file(&ended).unwrap();
    // One whose first process goes at once has time for the others too.
    let child = format!("trap 'sleep 0.3; touch {}; exit' TERM; sleep 600 & wait", ended.display());
    let answer = with(&format!("sh -c \"{child}\" & trap 'exit' TERM; wait"));
    assert_eq!((answer.code, answer.err.as_str()), (Some(0), ""));
    assert!(ended.exists(), "the load's child was told to end");
}
