//! The readers of JSON: what the lab's guest and host say to each other, and a VMM's command line.
//!
//! What is read is written and read again as the same. (The version message of vfio-user, JSON too,
//! is part of `server`.)

use serde_json::Value;
use tph_lab_wire::{Answer, Message, Plan};

use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "wire", run, longest: 4096, slice: 200_000 };

fn run(bytes: &[u8]) {
    again::<Message>(bytes);
    again::<Answer>(bytes);
    again::<Plan>(bytes);
}

/// Compared as text: a number of many digits may not be the number that was written.
fn again<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_string(&read).expect("what was read can be written");
    assert!(!written.contains('\n'), "a message is a line: {written}");
    let value: Value = serde_json::from_str(&written).expect("it is JSON");
    let once_more: T = serde_json::from_str(&written).expect("and can be read again");
    assert_eq!(serde_json::to_value(once_more).expect("it was written before"), value);
}
