//! The demonstration with two functions, from inside.

use super::*;

#[test]
fn what_is_set_at_the_accelerator_is_what_arrives_there() {
    let report = run(None).unwrap();
    assert_eq!(report.complaint(), None);
    assert_eq!(report.rows.len(), PLANS.len());
    let tagged: Vec<_> = report.rows.iter().filter(|row| row.expected.is_some()).collect();
    assert_eq!(tagged.len(), 5);
    for row in &report.rows {
        assert_eq!(row.received.hints, [row.expected], "{row:?}");
        assert_eq!(row.received.bytes, u64::from(LENGTH));
    }
    let places: Vec<_> = report.rows.iter().map(|row| row.place).collect();
    let [a, b, c] = [Some(1), Some(2), Some(3)];
    assert_eq!(places, [a, a, b, c, b, None, None, None], "pages with the same tag share a place");
    let reasons: Vec<_> = report.rows.iter().filter_map(|row| row.untagged).collect();
    assert_eq!(reasons, ["places-full", "nothing-set", "nothing-set"]);
}

#[test]
fn a_tag_that_was_tampered_with_is_noticed_at_every_page_that_shares_it() {
    for (queue, wrong) in [(0, vec![0, 1]), (2, vec![2, 4]), (3, vec![3])] {
        let report = run(Some(queue)).unwrap();
        let found: Vec<_> =
            report.rows.iter().filter(|row| !row.correct).map(|row| row.queue).collect();
        assert_eq!(found, wrong);
        assert!(!report.passed && report.complaint().is_some());
    }
}
