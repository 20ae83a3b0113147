//! The guests of `lab test`: the tests of the first run in one as every administrator has it, the
//! others show one thing each, and only the tests run in them that are about it.

use crate::repo;
use tph_lab::Request;

pub(super) const TEST_GUESTS: [TestGuest; 4] = [
    USUAL,
    DIRECT,
    TestGuest {
        what: "CPUs whose ACPI UIDs are not their numbers",
        profile: "lab/profiles/uids.toml",
        only: Some("uids::"),
        ..USUAL
    },
    TestGuest { what: "with pci=notph", append: Some("pci=notph"), only: Some("notph::"), ..USUAL },
];

const USUAL: TestGuest = TestGuest {
    what: "the module as it is",
    profile: "lab/profiles/tests.toml",
    parameter: None,
    append: None,
    only: None,
};

/// In which tags go through the hands of drivers.
pub(super) const DIRECT: TestGuest = TestGuest {
    what: "with enable_unsafe_tph_ds",
    parameter: Some("enable_unsafe_tph_ds=1"),
    only: Some("direct_tags"),
    ..USUAL
};

pub(super) struct TestGuest {
    pub(super) what: &'static str,
    profile: &'static str,
    parameter: Option<&'static str>,
    append: Option<&'static str>,
    only: Option<&'static str>,
}

impl TestGuest {
    /// The words that choose the tests to run in it; `None` if there are none among `wanted`.
    pub(super) fn filter(&self, wanted: &[String]) -> Option<Vec<String>> {
        let Some(only) = self.only else { return Some(wanted.to_vec()) };
        let both = |word: &String| match (word.contains(only), only.contains(word.as_str())) {
            (true, _) => Some(word.clone()),
            (false, true) => Some(only.to_owned()),
            (false, false) => None,
        };
        let words: Vec<String> = wanted.iter().filter_map(both).collect();
        match (wanted.is_empty(), words.is_empty()) {
            (true, _) => Some(vec![only.to_owned()]),
            (false, true) => None,
            (false, false) => Some(words),
        }
    }

    /// The request for it, made from one for any guest.
    pub(super) fn request(&self, request: &Request) -> Request {
        Request {
            profiles: vec![repo::root().join(self.profile)],
            parameters: self.parameter.into_iter().flat_map(str::parse).collect(),
            append: self.append.map(str::to_owned).into_iter().collect(),
            ..request.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_runs_the_tests_that_are_both_its_own_and_wanted() {
        let filter = |guest: &TestGuest, words: &[&str]| {
            guest.filter(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        let [usual, direct, ..] = &TEST_GUESTS;
        assert_eq!(filter(usual, &["life"]), Some(vec!["life".to_owned()]));
        for (wanted, expected) in [
            (&[][..], Some("direct_tags")),
            (&["direct"], Some("direct_tags")),
            (&["direct_tags::all"], Some("direct_tags::all")),
            (&["life"], None),
        ] {
            assert_eq!(filter(direct, wanted), expected.map(|word| vec![word.to_owned()]));
        }
    }
}
