//! `tph explain`; what it says of each host is in tests/hosts.rs.

mod common;

use common::{fixture, json, output, run};
use insta::{assert_json_snapshot, assert_snapshot};
use tph_lab_hosts::{Tree, known};

/// What a verb says of a saved host, and how it exits.
fn on(tree: &Tree, arguments: &[&str]) -> String {
    let root = tree.path().to_str().unwrap();
    let answer = run(&[arguments, &["--sysroot", root]].concat());
    assert_eq!(answer.err, "", "{arguments:?}");
    format!("{}exit code {}\n", answer.out, answer.code.unwrap())
}

#[test]
fn a_nic_behind_a_switch_that_does_not() {
    assert_snapshot!(on(&known::behind_a_switch(), &["explain", "84:00.0"]));
}

#[test]
fn the_emulated_host_works_as_a_whole() {
    assert_snapshot!(output(&["explain", "nic0", "--emulated"]));
}

#[test]
fn a_dump_leaves_much_open() {
    let answer = run(&["explain", "01:00.0", "--dump", &fixture("i210.lspci")]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(4), ""), "igb has it");
    assert_snapshot!(answer.out);
}

#[test]
fn json_has_every_link_and_its_evidence() {
    let tree = known::demo();
    let root = tree.path().to_str().unwrap();
    let explained = json(&["explain", "01:00.0", "--json", "--sysroot", root]);
    assert_json_snapshot!(explained);
}
