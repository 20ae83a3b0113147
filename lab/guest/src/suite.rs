//! Runs tests one by one and reports each to the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tph_lab_wire::TestReport;

use crate::Control;

/// What a test says when it fails.
pub type Failure = Box<dyn std::error::Error>;

/// The tests of one run.
#[derive(Debug)]
pub struct Suite {
    control: Control,
    filter: Vec<String>,
    failed: usize,
}

impl Suite {
    /// Runs the tests whose names contain a word of `filter`; all of them if it is empty.
    pub fn new(control: Control, filter: Vec<String>) -> Self {
        Self { control, filter, failed: 0 }
    }

    /// Runs one test and reports it.
    ///
    /// # Panics
    /// If the host cannot be told.
    pub fn test(&mut self, name: &str, body: impl FnOnce() -> Result<(), Failure>) {
        let wanted = self.filter.is_empty() || self.filter.iter().any(|word| name.contains(word));
        if !wanted {
            return;
        }
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).into()));
            Err(text.unwrap_or_else(|| "it panicked".into()).into())
        });
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let message = outcome.err().map(|failure| failure.to_string());
        let ok = message.is_none();
        self.failed += usize::from(!ok);
        let report = TestReport { test: name.to_owned(), ok, ms, message };
        self.control.report(report).expect("the host hears about a test");
    }

    /// Whether a word of the filter names this group of tests: slow ones run only then.
    pub fn is_named(&self, group: &str) -> bool {
        self.filter.iter().any(|word| word.starts_with(group))
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.failed
    }
}
