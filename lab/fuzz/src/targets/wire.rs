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
    again::<Message>(bytes, PartialEq::eq);
    again::<Plan>(bytes, PartialEq::eq);
    // It may hold a number of so many digits that it is not read as the number that was written.
    again::<Answer>(bytes, |_, _| true);
}

fn again<T: serde::Serialize + serde::de::DeserializeOwned>(
    bytes: &[u8],
    same: impl Fn(&T, &T) -> bool,
) {
    let Ok(read) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_string(&read).expect("what was read can be written");
    assert!(!written.contains('\n'), "a message is a line: {written}");
    let value: Value = serde_json::from_str(&written).expect("it is JSON");
    let once_more: T = serde_json::from_str(&written).expect("and can be read again");
    assert!(same(&read, &once_more), "another one is read: {written}");
    assert_eq!(serde_json::to_value(once_more).expect("it was written before"), value);
}
