//! Reads one byte past a buffer: `cargo xtask sanitize address` must see it.
#![allow(unsafe_code, reason = "what is to be seen cannot be written without")]

use std::hint::black_box;

fn main() {
    let buffer: Box<[u8]> = black_box(vec![1; 8]).into_boxed_slice();
    let behind = black_box(buffer.len());
    // SAFETY: none, on purpose. Without a sanitizer it reads what malloc has left there.
    let byte = unsafe { buffer.as_ptr().add(behind).read_volatile() };
    println!("{byte}");
}
