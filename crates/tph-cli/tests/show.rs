//! `tph show`

mod common;

use common::{fixture, json, output, profile, run};
use insta::{assert_json_snapshot, assert_snapshot};

#[test]
fn the_nic_of_the_demonstration() {
    assert_snapshot!(output(&["show", "nic0", "--emulated"]));
}

#[test]
fn a_function_is_found_by_name_and_by_both_forms_of_its_address() {
    let by_name = output(&["show", "nic0", "--emulated"]);
    for address in ["0000:01:00.0", "01:00.0", "1:0.0"] {
        assert_eq!(output(&["show", address, "--emulated"]), by_name);
    }
}

#[test]
fn dsa_as_captured() {
    assert_snapshot!(output(&["show", "6a:01.0", "--dump", &fixture("dsa.lspci")]));
}

#[test]
fn i210_as_captured() {
    assert_snapshot!(output(&["show", "01:00.0", "--dump", &fixture("i210.lspci")]));
}

#[test]
fn a_root_port_has_no_tph() {
    assert_snapshot!(output(&["show", "00:03.0", "--dump", &fixture("i210.lspci")]));
}

#[test]
fn a_dump_that_is_too_short_leaves_it_open() {
    let answer = run(&["show", "01:00.0", "--dump", &fixture("i210-short.lspci")]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(5), ""));
    assert_snapshot!(answer.out);
}

#[test]
fn a_malformed_capability_is_said_to_be_one() {
    assert_snapshot!(output(&["show", "01:00.0", "--dump", &fixture("malformed.lspci")]));
}

#[test]
fn a_table_in_the_msix_table() {
    assert_snapshot!(output(&["show", "nic0", &profile("msix-table")]));
}

#[test]
fn a_capability_without_a_single_mode() {
    assert_snapshot!(output(&["show", "nic0", &profile("no-modes")]));
}

#[test]
fn json_has_every_register() {
    assert_json_snapshot!(json(&["show", "6a:01.0", "--json", "--dump", &fixture("dsa.lspci")]));
}

#[test]
fn a_port_that_keeps_16_bit_tags_back_is_warned_of() {
    let tree = tph_lab_hosts::known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    assert_snapshot!(output(&["show", "84:00.0", "--sysroot", root]));
    assert!(!output(&["show", "83:00.0", "--sysroot", root]).contains("warning"), "it passes them");
    let [shown, explained] = ["show", "explain"].map(|verb| {
        let answer = run(&[verb, "84:00.0", "--sysroot", root, "--json"]);
        serde_json::from_str::<serde_json::Value>(&answer.out).unwrap()
    });
    let links = explained["links"].as_array().unwrap();
    let link = links.iter().find(|link| link["answer"] == "no").unwrap();
    let warning = serde_json::json!([{ "text": link["finding"], "next": explained["next"] }]);
    assert_eq!(shown["function"]["warnings"], warning, "the same words");
}
