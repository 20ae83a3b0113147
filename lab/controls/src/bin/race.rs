//! Two threads count in the same place and take turns, by a number that orders nothing else: the same race
//! in every run. `cargo xtask sanitize thread` must see it.
#![allow(unsafe_code, reason = "what is to be seen cannot be written without")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static mut COUNT: u64 = 0;
static TURN: AtomicU32 = AtomicU32::new(0);

fn main() {
    std::thread::scope(|scope| {
        for thread in 0..2 {
            scope.spawn(move || {
                for _ in 0..10 {
                    while TURN.load(Relaxed) % 2 != thread {
                        std::thread::yield_now();
                    }
                    let count = &raw mut COUNT;
                    // SAFETY: none, on purpose. The place is there for as long as the program.
                    unsafe { count.write(count.read() + 1) };
                    TURN.fetch_add(1, Relaxed);
                }
            });
        }
    });
    println!("counted");
}
