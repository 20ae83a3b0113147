//! `tph demo --peer`

mod common;

use common::{json, output, run};
use insta::assert_snapshot;

#[test]
fn it_shows_both_ends_of_the_wire() {
    assert_snapshot!(output(&["demo", "--peer"]));
}

#[test]
fn its_json_has_both_ends_of_each_queue() {
    let demo = json(&["demo", "--peer", "--json"]);
    assert_eq!(demo["passed"], true);
    let rows = demo["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for (queue, row) in rows.iter().enumerate() {
        assert_eq!(row["queue"], queue);
        let [sent, received] = [&row["sent"], &row["received"]];
        assert_eq!(sent, received, "links of the same framing");
        assert_eq!(received["hints"], serde_json::json!([row["expected"]]));
        assert_eq!(row["expected"].is_null(), row["place"].is_null());
        assert_eq!(row["untagged"].is_null(), !row["place"].is_null());
    }
    assert_eq!(rows[0]["expected"]["tag"], serde_json::json!({ "value": 0x51e0, "bits": 16 }));
    assert_eq!(demo["accelerator"]["tph"], serde_json::Value::Null);
    assert_eq!(demo["revocation"]["answer"], "ENODEV");
    assert_eq!(demo["cleaned"]["control"], 0);
}

#[test]
fn a_wrong_tag_makes_it_fail() {
    for arguments in [
        &["demo", "--peer", "--sabotage", "3"][..],
        &["demo", "--peer", "--sabotage", "3", "--json"],
    ] {
        let answer = run(arguments);
        assert_eq!(answer.code, Some(1));
        let said = "queue 3: every packet should carry 0x53e2, target; the NIC sent 0xdead, target, the \
                    accelerator received 0xdead, target";
        assert!(answer.err.contains(said), "{}", answer.err);
    }
    assert!(run(&["demo", "--peer", "--sabotage", "3"]).out.contains("WRONG"));
    assert!(run(&["demo", "--peer", "--sabotage", "3", "--json"]).out.contains("\"passed\":false"));
}
