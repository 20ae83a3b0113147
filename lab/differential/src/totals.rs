//! What a campaign did: so that nobody takes a run in which everything was refused for a test.

use std::collections::BTreeMap;
use std::fmt;

use tph_abi::Errno;

use crate::Step;

/// Counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sequences, all equal on both sides.
    pub sequences: u64,
    /// Their steps, with those that put the device in order before each.
    pub steps: u64,
    /// How requests ended: 0 or the error number.
    pub outcomes: BTreeMap<i32, u64>,
    /// Resets, and closings with openings.
    pub slow: u64,
    /// Times that vectors were set up or freed.
    pub vectors: u64,
    /// Times that the caller's rights changed.
    pub callers: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, steps: &[Step], outcomes: &[Result<(), Errno>]) {
        self.sequences += 1;
        for (step, outcome) in steps.iter().zip(outcomes) {
            self.steps += 1;
            match step {
                Step::Call(_) => {
                    let number = outcome.err().map_or(0, |errno| errno.0);
                    *self.outcomes.entry(number).or_default() += 1;
                }
                Step::Reset | Step::Reopen => self.slow += 1,
                Step::Vectors(_) | Step::FreeVectors => self.vectors += 1,
                Step::Caller(_) => self.callers += 1,
                Step::Write { .. } => {}
            }
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequences, steps, slow, vectors, callers, .. } = self;
        write!(
            f,
            "{sequences} sequences, {steps} steps, {slow} resets and reopens, {vectors} times vectors, \
             {callers} callers; requests:"
        )?;
        for (number, count) in &self.outcomes {
            match number {
                0 => write!(f, " ok {count}")?,
                _ => write!(f, " {} {count}", Errno(*number))?,
            }
        }
        Ok(())
    }
}
