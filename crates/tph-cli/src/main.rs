//! The tph command.

fn main() {}
