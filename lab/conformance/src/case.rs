//! A case: a sentence and a way to find out whether it is true.

use crate::{Facts, Subject, bad, direct, entries, good, life};

/// One rule and its proof.
pub struct Case {
    /// What is true of every server, as a sentence in `snake_case`.
    pub name: &'static str,
    /// Shows it, or says what was found instead.
    pub run: fn(&mut dyn Subject, &Facts) -> Result<(), String>,
}

/// All cases for a device with a table in its capability. Each starts with a device just opened.
pub fn cases() -> impl Iterator<Item = Case> {
    good::CASES.into_iter().chain(bad::CASES).chain(life::CASES).chain(entries::CASES)
}

/// All cases for a device without a table, where direct tags are allowed.
pub fn direct_cases() -> impl Iterator<Item = Case> {
    direct::CASES.into_iter()
}

/// Fails with what was found, if it is not what was expected.
#[expect(clippy::needless_pass_by_value, reason = "reads as a sentence where it is called")]
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: T,
    expected: T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: found {found:?}, expected {expected:?}"))
    }
}

/// Names what failed.
pub(crate) fn must(what: &str, outcome: Result<(), tph_abi::Errno>) -> Result<(), String> {
    outcome.map_err(|errno| format!("{what}: {errno}"))
}
