//! Four threads count behind a lock that is often taken, then each lets go of what they shared: nothing is
//! wrong, and `cargo xtask sanitize thread` must say nothing. It does say something when the standard library
//! was not built for it: who waits for a lock waits inside of the library.

use std::sync::{Arc, Mutex};
use std::thread;

fn main() {
    let count = Arc::new(Mutex::new(vec![0_u64; 4]));
    let threads = [0, 1, 2, 3].map(|thread| {
        let count = Arc::clone(&count);
        thread::spawn(move || {
            for _ in 0..20_000 {
                count.lock().expect("nobody panics").iter_mut().for_each(|count| *count += thread);
            }
        })
    });
    for thread in threads {
        thread.join().expect("nobody panics");
    }
    println!("{:?}", Arc::try_unwrap(count).map(Mutex::into_inner));
}
