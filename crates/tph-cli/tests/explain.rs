//! `tph explain`, and what the other verbs say of the same hosts.

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

/// All that is said of a host and of one of its functions.
fn said(tree: &Tree, device: &str) -> String {
    let verbs = [&["list", "--all"][..], &["show", device], &["explain", device]];
    verbs.map(|verb| format!("$ tph {}\n{}", verb.join(" "), on(tree, verb))).join("\n")
}

#[test]
fn a_laptop_without_tph() {
    assert_snapshot!(said(&known::laptop(), "01:00.0"));
}

#[test]
fn the_host_of_the_demonstration() {
    assert_snapshot!(said(&known::demo(), "01:00.0"));
}

#[test]
fn an_integrated_endpoint() {
    assert_snapshot!(said(&known::dsa(), "6a:01.0"));
}

#[test]
fn a_nic_without_a_table() {
    assert_snapshot!(said(&known::nic_without_table(), "c1:00.0"));
}

#[test]
fn a_malformed_capability() {
    assert_snapshot!(said(&known::malformed(), "01:00.0"));
}

#[test]
fn a_nic_behind_a_switch_that_passes_its_tags() {
    assert_snapshot!(said(&known::behind_a_switch(), "83:00.0"));
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
