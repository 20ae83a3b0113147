//! `tph list`

mod common;

use common::{fixture, json, output, profile, run};
use insta::assert_snapshot;

#[test]
fn the_host_of_the_demonstration_has_one_function_with_tph() {
    assert_snapshot!(output(&["list", "--emulated"]));
}

#[test]
fn an_integrated_endpoint_needs_no_root_port() {
    assert_snapshot!(output(&["list", "--dump", &fixture("dsa.lspci")]));
}

#[test]
fn a_function_is_listed_with_what_its_root_port_takes() {
    assert_snapshot!(output(&["list", "--dump", &fixture("i210.lspci")]));
}

#[test]
fn functions_without_tph_are_listed_if_asked_for() {
    assert_snapshot!(output(&["list", "--all", "--dump", &fixture("i210.lspci")]));
}

#[test]
fn a_dump_that_is_too_short_leaves_it_open() {
    let answer = run(&["list", "--dump", &fixture("i210-short.lspci")]);
    assert_eq!((answer.code, answer.err.as_str()), (Some(5), ""));
    assert_snapshot!(answer.out);
}

#[test]
fn a_malformed_capability_is_said_to_be_one() {
    assert_snapshot!(output(&["list", "--dump", &fixture("malformed.lspci")]));
}

#[test]
fn odd_hardware_is_listed_as_it_is() {
    let lists = ["no-modes", "completer-reserved", "msix-table", "no-capability"]
        .map(|name| output(&["list", &profile(name)]));
    assert_snapshot!(lists.join("\n"));
}

#[test]
fn json_has_the_same_functions() {
    let list = json(&["list", "--json", "--dump", &fixture("i210.lspci")]);
    assert_eq!((&list["looked_at"], &list["unreadable"]), (&2.into(), &0.into()));
    let [function] = list["functions"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!(function["address"], "0000:01:00.0");
    assert_eq!(function["driver"], "igb");
    assert_eq!(function["iommu_group"], 14);
    assert_eq!(function["root_port"]["completer"], 1);
    assert_eq!(
        function["tph"]["capability"]["modes"],
        serde_json::json!(["no-st", "device-specific"])
    );
    assert_eq!(function["tph"]["capability"]["table_entries"], 8);
}

#[test]
fn this_machine_can_be_listed_whatever_it_has() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("sys/bus/pci/devices")).unwrap();
    let out = output(&["list", "--sysroot", folder.path().to_str().unwrap()]);
    assert_eq!(out, "0 of 0 functions known to have TPH.\n");
}

#[test]
fn functions_that_are_not_looked_at_leave_the_list_in_part() {
    let tree = tph_lab_hosts::known::demo();
    let root = tree.path().to_str().unwrap();
    let list = || common::run(&["list", "--sysroot", root]);
    assert_eq!(list().code, Some(0));
    tree.make("/sys/bus/pci/devices/10000:01:00.0");
    let partly = list();
    assert_eq!(partly.code, Some(5), "{}", partly.out);
    assert!(partly.out.contains("Not looked at, for their domain: 10000:01:00.0."));
}
