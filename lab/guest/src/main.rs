//! Programs that run inside the lab's guest.

fn main() {}
