//! Whether steering makes a difference: an experiment that turns it on and off, and what its numbers mean.
//!
//! A [`Schedule`] says in which order steering is on and off. A round is two phases, one of each, and a coin decides which comes
//! first. If steering does nothing, the sign of what is measured "on minus off" in a round is therefore that coin's, however the
//! load drifts or swings, and [`judge`] asks how seldom coins alone would look like this (Wilcoxon's signed-rank test, exact). Nothing
//! is assumed about the distribution of what is measured.
//!
//! Here is no clock, no device and no counter: whoever measures brings the numbers.
//!
//! ```
//! use vfio_tph::experiment::{Pair, Schedule, Setting, Verdict, judge};
//!
//! let mut load = 1000.0;
//! let rounds = Schedule::new(20, 7).map(|order| {
//!     let mut pair = Pair::default();
//!     for setting in order {
//!         load *= 1.01; // The load grows all the time.
//!         pair[setting] = if setting == Setting::On { 0.8 * load } else { load };
//!     }
//!     pair
//! });
//! let judged = judge(&[rounds.collect()]);
//! assert_eq!(judged[0].verdict, Verdict::Difference);
//! assert!(judged[0].difference.unwrap().estimate < 0.0);
//! ```

mod judgement;
mod schedule;
mod signed_rank;
mod spread;
#[cfg(test)]
mod tests;

use std::ops::{Index, IndexMut};

pub use judgement::{Difference, Judgement, Verdict, fewest_rounds, judge};
pub use schedule::Schedule;
pub use spread::Spread;

/// How often, of experiments in which steering makes no difference to anything, one may say that it does.
pub const LEVEL: f64 = 0.05;

/// Whether the device sends the tags of CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Setting {
    /// It does not.
    Off,
    /// It does.
    On,
}

impl Setting {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Off => Self::On,
            Self::On => Self::Off,
        }
    }
}

/// What was measured in the two phases of a round, in the unit of the measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pair {
    /// Without steering.
    pub off: f64,
    /// With it.
    pub on: f64,
}

impl Pair {
    /// What steering added; negative if it took something away.
    pub fn difference(self) -> f64 {
        self.on - self.off
    }
}

impl Index<Setting> for Pair {
    type Output = f64;

    fn index(&self, setting: Setting) -> &f64 {
        match setting {
            Setting::Off => &self.off,
            Setting::On => &self.on,
        }
    }
}

impl IndexMut<Setting> for Pair {
    fn index_mut(&mut self, setting: Setting) -> &mut f64 {
        match setting {
            Setting::Off => &mut self.off,
            Setting::On => &mut self.on,
        }
    }
}
