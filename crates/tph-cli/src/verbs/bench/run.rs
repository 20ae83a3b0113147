//! The experiment: phase after phase.

use std::time::{Duration, Instant};

use vfio_tph::experiment::{Pair, Schedule, Setting};

use super::instrument::Instrument;
use super::load::{End, Ends};
use super::switch::Switch;
use crate::failure::Failure;

/// Pairs in which nothing was measured yet.
const NOTHING: Pair = Pair { off: f64::NAN, on: f64::NAN };

/// How long the end of a process takes from its files being closed to its being told.
const END_OF_PROCESS: Duration = Duration::from_millis(100);

pub(super) struct Experiment<'a> {
    pub(super) switch: Switch<'a>,
    pub(super) instruments: Vec<Box<dyn Instrument + 'a>>,
    pub(super) ends: Ends,
    pub(super) settle: Duration,
    pub(super) period: Duration,
}

/// What was measured.
pub(super) struct Results {
    /// The whole rounds of each metric.
    pub(super) pairs: Vec<Vec<Pair>>,
    pub(super) rounds: usize,
    /// Why it ended before its time.
    pub(super) end: Option<End>,
}

/// What is told while it runs.
pub(super) trait Watcher {
    /// A phase begins, of the round with this number, from 1.
    fn phase(&mut self, round: usize, setting: Setting);

    /// A round is over.
    fn round(&mut self, round: usize, order: [Setting; 2], pairs: &[Pair]) -> Result<(), Failure>;
}

impl Experiment<'_> {
    /// Runs all rounds, or until something ends it. What fails before steering was turned on or off once is an error.
    pub(super) fn run(
        &mut self,
        schedule: Schedule,
        watcher: &mut impl Watcher,
    ) -> Result<Results, Failure> {
        let metrics: usize = self.instruments.iter().map(|it| it.metrics().len()).sum();
        let mut results = Results { pairs: vec![Vec::new(); metrics], rounds: 0, end: None };
        for order in schedule {
            let mut pairs = vec![NOTHING; metrics];
            for setting in order {
                watcher.phase(results.rounds + 1, setting);
                match self.phase(setting) {
                    Ok(Ok(values)) => {
                        for (pair, value) in pairs.iter_mut().zip(values) {
                            pair[setting] = value;
                        }
                    }
                    Ok(Err(end)) => {
                        results.end = Some(end);
                        return Ok(results);
                    }
                    Err(failure) if results.rounds == 0 && setting == order[0] => {
                        return Err(failure);
                    }
                    Err(failure) => {
                        results.end = Some(End::Failed(Box::new(failure)));
                        return Ok(results);
                    }
                }
            }
            for (all, pair) in results.pairs.iter_mut().zip(&pairs) {
                all.push(*pair);
            }
            results.rounds += 1;
            watcher.round(results.rounds, order, &pairs)?;
        }
        Ok(results)
    }

    /// Turns steering on or off, lets it settle, measures.
    fn phase(&mut self, setting: Setting) -> Result<Result<Vec<f64>, End>, Failure> {
        if let Some(end) = self.switch.set(setting, &self.ends)? {
            return Ok(Err(end));
        }
        if let Some(end) = self.ends.wait(self.settle) {
            return Ok(Err(end));
        }
        if let Some(end) = self.unsaid_end()? {
            return Ok(Err(end));
        }
        for instrument in &mut self.instruments {
            instrument.start()?;
        }
        let start = Instant::now();
        if let Some(end) = self.ends.wait(self.period) {
            return Ok(Err(end));
        }
        let took = start.elapsed();
        let mut values = Vec::new();
        for instrument in &mut self.instruments {
            values.extend(instrument.stop(took)?);
        }
        // What was counted while the device went away is no measurement.
        Ok(self.unsaid_end()?.map_or(Ok(values), Err))
    }

    /// What ended it and has to be looked for. A process that ends closes its files first: its end is the better word.
    fn unsaid_end(&mut self) -> Result<Option<End>, Failure> {
        let end = self.switch.end()?;
        Ok(end.map(|end| self.ends.wait(END_OF_PROCESS).unwrap_or(end)))
    }
}
