//! What a comparison found.

use std::collections::BTreeMap;
use std::fmt;

/// How many were compared, where they differ, and which differences have a reason.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What was counted, by what it is.
    pub counts: BTreeMap<&'static str, usize>,
    /// How often a known reason applied.
    pub explained: BTreeMap<&'static str, usize>,
    /// What has no reason: each one a sentence.
    pub differences: Vec<String>,
}

impl Tally {
    /// Counts one more.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts a difference that has a reason.
    pub fn explain(&mut self, why: &'static str) {
        *self.explained.entry(why).or_default() += 1;
    }

    /// Notes that two sides say different things about `what` of `whose`.
    pub fn same<T: PartialEq + fmt::Debug>(
        &mut self,
        whose: &dyn fmt::Display,
        what: &str,
        theirs: &T,
        ours: &T,
    ) {
        if theirs != ours {
            self.differences.push(format!("{whose}: {what}: theirs {theirs:?}, ours {ours:?}"));
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> = self.counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        writeln!(f, "{}", counts.join(", "))?;
        for (why, count) in &self.explained {
            writeln!(f, "  explained, {count} times: {why}")?;
        }
        for difference in self.differences.iter().take(60) {
            writeln!(f, "  DIFFERENT: {difference}")?;
        }
        write!(f, "  {} differences without a reason", self.differences.len())
    }
}
