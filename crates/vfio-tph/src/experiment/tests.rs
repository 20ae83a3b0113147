//! Whole experiments, thousands of them, with seeds that are always the same.

use std::f64::consts::TAU;

use super::{LEVEL, Pair, Schedule, Setting, Verdict, fewest_rounds, judge};

/// What a load does to a measurement from phase to phase, without any steering.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// The same with noise.
    Steady,
    /// It grows: at the end it is twice what it was.
    Growing,
    /// It swings, with a period of about a round.
    Swinging,
    /// Now and then a phase is far off.
    Bursts,
}

const LOADS: [Load; 4] = [Load::Steady, Load::Growing, Load::Swinging, Load::Bursts];
const ROUNDS: u32 = 20;

/// Rounds of a measurement to which steering adds `effect`, as a part of it.
fn rounds(load: Load, count: u32, effect: f64, seed: u64) -> Vec<Pair> {
    let mut noise = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut phase = 0.0;
    let measured = Schedule::new(count, seed).map(|order| {
        let mut pair = Pair::default();
        for setting in order {
            phase += 1.0;
            // Twelve uniform numbers: a standard deviation of 1.
            let normal: f64 = (0..12).map(|_| noise.f64()).sum::<f64>() - 6.0;
            let level = match load {
                Load::Steady => 1.0,
                Load::Growing => 1.0 + phase / f64::from(2 * count),
                Load::Swinging => 1.0 + 0.3 * (TAU * phase / 2.1).sin(),
                Load::Bursts => {
                    if noise.f64() < 0.1 {
                        5.0
                    } else {
                        1.0
                    }
                }
            };
            let steered = if setting == Setting::On { 1.0 + effect } else { 1.0 };
            pair[setting] = 1000.0 * level * steered * (1.0 + 0.03 * normal);
        }
        pair
    });
    measured.collect()
}

/// In how many of `experiments` something is called a difference, of so many measurements.
fn found(load: Load, effect: f64, measurements: u64, experiments: u64) -> f64 {
    let one = |experiment: &u64| {
        let seed = |at| experiment * measurements + at;
        let all: Vec<_> =
            (0..measurements).map(|at| rounds(load, ROUNDS, effect, seed(at))).collect();
        judge(&all).iter().any(|judged| judged.verdict == Verdict::Difference)
    };
    #[expect(clippy::cast_precision_loss, reason = "thousands")]
    let share = (0..experiments).filter(one).count() as f64 / experiments as f64;
    share
}

#[test]
fn without_a_difference_one_is_found_no_more_often_than_is_said() {
    for (measurements, experiments) in [(1, 4000), (8, 1000)] {
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let error = (LEVEL * (1.0 - LEVEL) / experiments as f64).sqrt();
        for load in LOADS {
            let share = found(load, 0.0, measurements, experiments);
            let what = format!("{load:?}, {measurements} measurements: {share}");
            println!("found without any difference: {what}");
            // As near as so many experiments can tell.
            assert!(share <= LEVEL + 2.0 * error, "{what}");
            // A test that never finds anything would pass the line above.
            assert!(share >= LEVEL - 3.0 * error, "{what}");
        }
    }
}

#[test]
fn a_difference_is_found() {
    for (load, effect, often) in [
        (Load::Steady, -0.05, 0.99),
        (Load::Growing, -0.05, 0.95),
        (Load::Swinging, -0.30, 0.80),
        (Load::Bursts, -0.10, 0.80),
    ] {
        let share = found(load, effect, 1, 300);
        println!("{effect} found: {load:?}: {share}");
        assert!(share >= often, "{load:?}: {share}");
    }
}

#[test]
fn the_interval_has_what_is_really_added_in_95_of_100_experiments() {
    let has = |seed: &u64| {
        let judged = judge(&[rounds(Load::Steady, ROUNDS, -0.1, *seed)]);
        let (lower, upper) = judged[0].difference.unwrap().interval.unwrap();
        (lower..=upper).contains(&-100.0)
    };
    let share = f64::from(u32::try_from((0..2000).filter(has).count()).unwrap()) / 2000.0;
    assert!((0.94..=0.97).contains(&share), "{share}");
}

#[test]
fn the_interval_has_0_exactly_if_nothing_is_found() {
    for seed in 0..300 {
        let judged = &judge(&[rounds(Load::Steady, ROUNDS, -0.02, seed)])[0];
        let (lower, upper) = judged.difference.unwrap().interval.unwrap();
        let none = judged.verdict == Verdict::NoDifference;
        assert_eq!(none, (lower..=upper).contains(&0.0), "{judged:?}");
    }
}

#[test]
fn too_few_rounds_are_called_so() {
    // 2 of 2^6 ways is 3 percent, 2 of 2^5 is 6; with ten measurements it takes 2 of 2^9.
    assert_eq!([0, 1, 2, 10].map(fewest_rounds), [6, 6, 7, 9]);
    for measurements in 1..6 {
        for count in 0..=fewest_rounds(measurements) {
            let strong: Vec<_> =
                (0..measurements).map(|_| rounds(Load::Steady, count, -0.9, 1)).collect();
            let none: Vec<_> =
                (0..measurements).map(|_| vec![Pair::default(); count as usize]).collect();
            let (strong, none) = (judge(&strong)[0].verdict, judge(&none)[0].verdict);
            let expected = if count < fewest_rounds(measurements) {
                (Verdict::TooFewRounds, Verdict::TooFewRounds)
            } else {
                (Verdict::Difference, Verdict::NoDifference)
            };
            assert_eq!((strong, none), expected, "{measurements} measurements, {count} rounds");
        }
    }
}

#[test]
fn measurements_are_judged_together() {
    // Wilcoxon's p of n differences of one sign is 2 / 2^n; Holm multiplies the least by all, the next by one less.
    let of = |count: usize| vec![Pair { off: 1.0, on: 2.0 }; count];
    let judged = judge(&[of(7), of(6), of(9)]);
    let p: Vec<_> = judged.iter().map(|judged| judged.p * 512.0).collect();
    assert_eq!(p, [2.0 * 8.0, 16.0, 3.0 * 2.0]);
    // The largest so far counts, never a smaller one.
    let judged = judge(&[of(6), of(6)]);
    assert!(judged[0].p.total_cmp(&judged[1].p).is_eq());
}

#[test]
fn what_was_not_measured_is_left_out() {
    let mut pairs = rounds(Load::Steady, ROUNDS, -0.5, 1);
    pairs[3].on = f64::NAN;
    pairs[4].off = f64::INFINITY;
    let judged = judge(&[pairs, Vec::new()]);
    assert_eq!((judged[0].rounds, judged[0].verdict), (18, Verdict::Difference));
    assert_eq!((judged[1].rounds, judged[1].verdict), (0, Verdict::TooFewRounds));
    assert_eq!((judged[1].off, judged[1].difference), (None, None));
}
