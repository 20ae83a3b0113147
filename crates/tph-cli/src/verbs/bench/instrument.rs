//! Things that measure from one moment to another.

use std::time::Duration;

use serde::Serialize;

use crate::failure::Failure;

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Metric {
    /// What it is called.
    pub(super) name: String,
    pub(super) unit: String,
    /// Where it comes from, in words.
    pub(super) source: String,
}

impl Metric {
    pub(super) fn new(name: &str, unit: &str, source: &str) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), source: source.to_owned() }
    }
}

/// Something that could be measured elsewhere, and cannot be here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Absent {
    pub(super) what: String,
    pub(super) why: String,
    /// What to do.
    pub(super) next: Option<String>,
}

impl Absent {
    pub(super) fn new(what: &str, why: impl Into<String>, next: Option<&str>) -> Self {
        Self { what: what.to_owned(), why: why.into(), next: next.map(str::to_owned) }
    }
}

/// Measures one phase after another.
pub(super) trait Instrument {
    /// What it measures.
    fn metrics(&self) -> Vec<Metric>;

    /// The phase begins now.
    fn start(&mut self) -> Result<(), Failure>;

    /// The phase has ended, and has taken so long: what was measured, in the order of the metrics. What is no number
    /// could not be measured this time.
    fn stop(&mut self, took: Duration) -> Result<Vec<f64>, Failure>;
}

/// How much it grew; nothing that can be told if it did not, but went back.
pub(super) fn growth(before: f64, after: f64) -> f64 {
    if after >= before { after - before } else { f64::NAN }
}
