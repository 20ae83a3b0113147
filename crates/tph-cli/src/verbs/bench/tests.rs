//! What happens in the middle of an experiment.

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
    for last in [Setting::On, Setting::Off] {
        let (mut switch, _) = switch(&args, Some(&opened), Steered::of(&args).unwrap()).unwrap();
        assert_eq!(state(), (true, true));
        for setting in [Setting::Off, Setting::On, Setting::Off, last] {
            switch.set(setting).unwrap();
            assert_eq!(state(), (setting == Setting::On, true), "the entries stay");
        }
        switch.finish().unwrap();
        assert_eq!(state(), (false, false), "{last:?}");
    }
}
