//! `tph demo`

mod common;

use common::{json, output, run};
use insta::assert_snapshot;

#[test]
fn it_shows_the_path_from_queue_to_cache() {
    assert_snapshot!(output(&["demo"]));
}

#[test]
fn the_readme_shows_what_it_prints() {
    let readme = include_str!("../../../README.md");
    assert!(!readme.contains("@@"), "README.md has a gap");
    for line in output(&["demo"]).lines().filter(|line| !line.is_empty()) {
        assert!(readme.contains(&format!("    {line}\n")), "not in README.md: {line}");
    }
}

#[test]
fn its_json_has_what_was_seen_of_each_queue() {
    let demo = json(&["demo", "--json"]);
    assert_eq!(demo["passed"], true);
    for (queue, row) in demo["steered"].as_array().unwrap().iter().enumerate() {
        assert_eq!(row["queue"], queue);
        assert_eq!(row["named_cpus"], serde_json::json!([row["cpu"]]));
        assert_eq!(row["tags"], serde_json::json!([row["expected_tag"]]));
        assert_eq!(row["expected_tag"]["bits"], 16);
    }
    assert_eq!(demo["steered"].as_array().unwrap().len(), 8);
    for row in demo["unsteered"].as_array().unwrap() {
        assert_eq!(row["tags"], serde_json::json!([null]));
    }
    assert_eq!(demo["cleaned"]["control"], 0);
}

#[test]
fn a_wrong_tag_makes_it_fail() {
    for arguments in [&["demo", "--sabotage", "5"][..], &["demo", "--sabotage", "5", "--json"]] {
        let answer = run(arguments);
        assert_eq!(answer.code, Some(1));
        let said = "queue 5 with TPH on: every packet should carry tag 0x4235, for CPU 10; on the \
                    wire was 0x4334";
        assert!(answer.err.contains(said), "{}", answer.err);
    }
    assert!(run(&["demo", "--sabotage", "5"]).out.contains("WRONG"));
    assert!(run(&["demo", "--sabotage", "5", "--json"]).out.contains("\"passed\":false"));
}
