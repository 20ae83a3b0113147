//! What `tph bench` says, as data.

use serde::Serialize;
use vfio_tph::experiment::{Judgement, LEVEL, Pair, Setting, Spread, Verdict, fewest_rounds};

use super::args::BenchArgs;
use super::instrument::{Absent, Metric};
use super::run::Results;

/// What happens; one line of JSON each.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "BenchEvent"))]
pub(crate) enum Event<'a> {
    /// What would be done (`--dry-run`).
    Planned(&'a Setup),
    /// It begins.
    Started(&'a Setup),
    /// A round is over.
    Round {
        /// From 1.
        number: usize,
        /// In which order steering was: `on`, `off`.
        order: [&'static str; 2],
        measured: Vec<PairReport<'a>>,
    },
    /// All that was measured, judged.
    Finished(&'a Finished),
}

/// How the experiment is set up.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Setup {
    pub(super) device: String,
    /// Who turns steering on and off: `this-command`, `this-command-in-another-process`, `program`.
    pub(super) switched_by: &'static str,
    /// Null if somebody else chose it.
    pub(super) mode: Option<&'static str>,
    pub(super) rounds: u32,
    pub(super) period_ms: u64,
    pub(super) settle_ms: u64,
    /// It chose the order of the phases.
    pub(super) seed: u32,
    /// Those on which is counted, as the kernel writes them: `0-3,8`.
    pub(super) cpus: String,
    pub(super) measured: Vec<Metric>,
    pub(super) not_here: Vec<Absent>,
}

/// What was measured in a round; null is what could not be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PairReport<'a> {
    name: &'a str,
    off: Option<f64>,
    on: Option<f64>,
}

/// What came out.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finished {
    pub(super) device: String,
    /// Whole rounds.
    pub(super) rounds: usize,
    /// Why it ended before its time; null if it did not.
    pub(super) ended_early: Option<String>,
    /// Why steering could not be left as it should be; null if it could.
    pub(super) not_restored: Option<String>,
    /// In which part of experiments without any difference one is called a difference, at most.
    pub(super) level: f64,
    /// With fewer nothing could have been found.
    pub(super) fewest_rounds: u32,
    /// Lines of samples that were no numbers.
    pub(super) lines_without_number: u64,
    pub(super) measured: Vec<MeasuredReport>,
}

/// One measurement, judged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MeasuredReport {
    #[serde(flatten)]
    pub(super) metric: Metric,
    /// The rounds in which it was measured in both phases.
    pub(super) rounds: usize,
    /// Without steering; null if never measured.
    pub(super) off: Option<SpreadReport>,
    /// With it.
    pub(super) on: Option<SpreadReport>,
    /// What steering added in the middle of all rounds; negative if it took something away.
    pub(super) difference: Option<f64>,
    /// The same, in percent of the median without steering.
    pub(super) difference_percent: Option<f64>,
    /// What is really added lies between these in 95 of 100 experiments; null with fewer than six rounds.
    pub(super) interval: Option<[f64; 2]>,
    /// The differences of the rounds.
    pub(super) differences: Option<SpreadReport>,
    /// How likely chance alone makes it look so, corrected for how much was measured.
    pub(super) p: f64,
    /// `difference`, `no-difference`, `too-few-rounds`, `never-measured` (in no round, though there were some).
    pub(super) verdict: &'static str,
}

/// The middle half of some numbers.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SpreadReport {
    pub(super) lower_quartile: f64,
    pub(super) median: f64,
    pub(super) upper_quartile: f64,
}

impl From<Spread> for SpreadReport {
    fn from(spread: Spread) -> Self {
        let Spread { lower, median, upper, .. } = spread;
        Self { lower_quartile: lower, median, upper_quartile: upper }
    }
}

impl<'a> PairReport<'a> {
    pub(super) fn all(metrics: &'a [Metric], pairs: &[Pair]) -> Vec<Self> {
        let finite = |value: f64| value.is_finite().then_some(value);
        let report = |(metric, pair): (&'a Metric, &Pair)| Self {
            name: &metric.name,
            off: finite(pair.off),
            on: finite(pair.on),
        };
        metrics.iter().zip(pairs).map(report).collect()
    }
}

pub(super) const fn word(setting: Setting) -> &'static str {
    match setting {
        Setting::Off => "off",
        Setting::On => "on",
    }
}

impl MeasuredReport {
    fn new(metric: &Metric, judged: &Judgement, rounds: usize) -> Self {
        let difference = judged.difference.map(|difference| difference.estimate);
        let base = judged.off.map(|off| off.median).filter(|median| *median != 0.0);
        let percent = |difference: f64| Some(100.0 * difference / base?.abs());
        Self {
            metric: metric.clone(),
            rounds: judged.rounds,
            off: judged.off.map(SpreadReport::from),
            on: judged.on.map(SpreadReport::from),
            difference,
            difference_percent: difference.and_then(percent),
            interval: judged.difference.and_then(|it| it.interval).map(|(low, high)| [low, high]),
            differences: judged.difference.map(|difference| difference.spread.into()),
            p: judged.p,
            verdict: match judged.verdict {
                _ if judged.rounds == 0 && rounds > 0 => NEVER,
                Verdict::Difference => "difference",
                Verdict::NoDifference => "no-difference",
                _ => "too-few-rounds",
            },
        }
    }
}

/// The verdict on what was measured in no round.
const NEVER: &str = "never-measured";

impl Finished {
    /// Whether something was measured in no round.
    pub(super) fn lacks(&self) -> bool {
        self.measured.iter().any(|measured| measured.verdict == NEVER)
    }

    pub(super) fn new(setup: &Setup, results: &Results, judged: &[Judgement]) -> Self {
        let measured = setup.measured.iter().zip(judged);
        Self {
            device: setup.device.clone(),
            rounds: results.rounds,
            ended_early: results.end.as_ref().map(super::load::End::text),
            not_restored: None,
            level: LEVEL,
            fewest_rounds: fewest_rounds(judged.len()),
            lines_without_number: 0,
            measured: measured
                .map(|(metric, judged)| MeasuredReport::new(metric, judged, results.rounds))
                .collect(),
        }
    }
}

impl Setup {
    /// Of what the options say; what is measured is not known yet.
    pub(super) fn new(device: String, args: &BenchArgs, seed: u32) -> Self {
        Self {
            device,
            switched_by: match (&args.who.toggle, args.who.pid) {
                (Some(_), _) => "program",
                (None, Some(_)) => "this-command-in-another-process",
                (None, None) => "this-command",
            },
            mode: None,
            rounds: args.rounds,
            period_ms: args.period,
            settle_ms: u64::try_from(args.settle().as_millis()).unwrap_or(u64::MAX),
            seed,
            cpus: String::new(),
            measured: Vec::new(),
            not_here: Vec::new(),
        }
    }
}
