//! `tph capture`

mod common;

use common::{json, output, run};
use tph_lab_hosts::known;

#[test]
fn what_was_saved_answers_as_the_host_itself() {
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("bundle");
    let saved = saved.to_str().unwrap();
    let out = output(&["capture", saved, "--sysroot", root]);
    assert!(out.starts_with(&format!("Saved in {saved}: 7 functions, 16 CPUs, in ")), "{out}");
    for verb in [&["list", "--all"][..], &["show", "83:00.0"], &["explain", "84:00.0"], &["map"]] {
        let of = |root| run(&[verb, &["--sysroot", root]].concat());
        let (copy, host) = (of(saved), of(root));
        assert_eq!((copy.code, copy.out, copy.err), (host.code, host.out, host.err), "{verb:?}");
    }
}

#[test]
fn json_counts_and_a_second_one_does_not_write_over_it() {
    let tree = known::laptop();
    let root = tree.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let captured = json(&["capture", folder, "--json", "--sysroot", root]);
    assert_eq!((&captured["functions"], &captured["cpus"]), (&2.into(), &4.into()));
    assert_eq!(captured["folder"], folder);
    let again = run(&["capture", folder, "--sysroot", root]);
    assert_eq!(again.code, Some(1));
    assert_eq!(
        again.err,
        format!(
            "error: {folder}: directory not empty\n  next: Name a folder that is empty or not \
             there.\n"
        )
    );
}
