//! What happens in the middle of an experiment.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use tph_emu::Injection;
use vfio_tph::experiment::{Pair, Schedule, Setting};

use super::*;
use crate::cli::{Cli, Verb};

fn args(more: &[&str]) -> BenchArgs {
    let words = ["tph", "bench", "nic0", "--emulated", "--mode", "device-specific", "--map", "0=3"];
    match Cli::try_parse_from([&words[..], more].concat()).unwrap().verb {
        Verb::Bench(args) => args,
        other => panic!("{other:?}"),
    }
}

/// Takes the device away after so many rounds.
struct Robber<'a> {
    opened: &'a Opened,
    after: usize,
}

impl Watcher for Robber<'_> {
    fn phase(&mut self, _: usize, _: Setting) {}

    fn round(&mut self, number: usize, _: [Setting; 2], _: &[Pair]) -> Result<(), Failure> {
        if number == self.after {
            let Opened::Emulated { host, id, .. } = self.opened else { unreachable!() };
            let gone = Injection::Gone { after: 0 };
            host.host().lock().endpoint_mut(*id).inject(gone);
        }
        Ok(())
    }
}

#[test]
fn a_device_that_is_lost_leaves_what_was_measured_before() {
    let args = args(&[]);
    let opened = open(&args, &Steered::of(&args).unwrap()).unwrap().unwrap();
    let (switch, steered) = switch(&args, Some(&opened), Steered::of(&args).unwrap()).unwrap();
    let toolbox = Toolbox::here(&args, &steered, Some(&opened)).unwrap();
    let setup = set_up("nic".into(), &args, &steered, &toolbox);
    let (settle, period) = (Duration::ZERO, Duration::from_millis(1));
    let instruments = toolbox.instruments;
    let ends = Ends::new().unwrap();
    let mut experiment = Experiment { switch, instruments, ends, settle, period };
    let mut robber = Robber { opened: &opened, after: 7 };
    let results = experiment.run(Schedule::new(20, 1), &mut robber).unwrap();
    assert_eq!((results.rounds, results.pairs[0].len()), (7, 7));
    assert!(experiment.switch.finish().is_err(), "it cannot be turned off any more");
    let finished = Finished::new(&setup, &results, &judge(&results.pairs));
    let why = finished.ended_early.clone().unwrap();
    assert!(why.contains("0000:01:00.0: "), "{why}");
    assert_eq!(finished.measured[0].verdict, "difference", "seven rounds are enough here");
    let text = text::text(&Event::Finished(&finished));
    assert!(text.contains("This is a part: ") && text.contains("7 whole rounds"), "{text}");
}

#[test]
fn a_device_that_is_held_is_left_off_with_entries_of_0() {
    let args = args(&[]);
    let opened = open(&args, &Steered::of(&args).unwrap()).unwrap().unwrap();
    let Opened::Emulated { host, id, .. } = &opened else { unreachable!() };
    let state = || {
        let host = host.host().lock();
        let endpoint = host.endpoint(*id);
        (endpoint.control().unwrap().0 != 0, endpoint.st_entry(tph::StIndex(0)).unwrap() != 0)
    };
    let ends = Ends::new().unwrap();
    for last in [Setting::On, Setting::Off] {
        let (mut switch, _) = switch(&args, Some(&opened), Steered::of(&args).unwrap()).unwrap();
        assert_eq!(state(), (true, true));
        for setting in [Setting::Off, Setting::On, Setting::Off, last] {
            assert!(switch.set(setting, &ends).unwrap().is_none());
            assert_eq!(state(), (setting == Setting::On, true), "the entries stay");
        }
        switch.finish().unwrap();
        assert_eq!(state(), (false, false), "{last:?}");
    }
    let (switch, _) = switch(&args, Some(&opened), Steered::of(&args).unwrap()).unwrap();
    assert_eq!(state(), (true, true));
    drop(switch);
    assert_eq!(state(), (false, false), "not finished");
}

/// A switch that is a program with this text; what it was called with is in the file.
fn program(folder: &Path, text: &str, limit: Duration) -> (Switch<'static>, PathBuf) {
    let (path, calls) = (folder.join("toggle"), folder.join("calls"));
    std::fs::write(&path, format!("#!/bin/sh\necho $1 >> {}\n{text}\n", calls.display())).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let switch = ProgramSwitch::new("nic".into(), path).with_limit(limit);
    (Switch::Program(switch), calls)
}

#[test]
fn a_program_that_does_not_end_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut switch, calls) = program(folder.path(), "sleep 600", Duration::from_millis(300));
    let ends = Ends::new().unwrap();
    let failure = switch.set(Setting::Off, &ends).unwrap_err();
    assert!(failure.to_string().contains("it took longer than 300ms"), "{failure}");
    let left = switch.finish();
    let both = with_left("nic", failure, &left).to_string();
    assert!(both.starts_with("nic: turning steering off with "), "{both}");
    assert!(both.contains("; and steering was not restored: turning steering on with "), "{both}");
    drop(switch);
    assert_eq!(std::fs::read_to_string(calls).unwrap(), "off\non\n");
}

#[test]
fn a_program_that_does_not_end_keeps_nobody_from_ending() {
    let folder = tempfile::tempdir().unwrap();
    let hangs = "[ $1 = on ] || sleep 600";
    let (mut switch, calls) = program(folder.path(), hangs, Duration::from_secs(600));
    let ends = Ends::new().unwrap();
    let args = args(&["--", "true"]);
    let _load = Load::start(&args.command, false, &ends).unwrap();
    let end = switch.set(Setting::Off, &ends).unwrap();
    assert!(matches!(end, Some(load::End::LoadEnded)), "{end:?}");
    drop(switch);
    assert_eq!(std::fs::read_to_string(calls).unwrap(), "off\non\n", "steering is left on");
}
