//! Who is told when a vector fires.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Is told that an interrupt vector fired. It is called with the host locked: it must not call back.
pub trait Interrupt: Send {
    /// The vector fired.
    fn raise(&mut self);
}

/// Counts.
impl Interrupt for Arc<AtomicU64> {
    fn raise(&mut self) {
        self.fetch_add(1, Ordering::Release);
    }
}

/// An eventfd, as VFIO takes them.
impl Interrupt for File {
    fn raise(&mut self) {
        // Fails only if the counter is full, which tells the reader as much, or if it is no eventfd,
        // which is the business of who passed it.
        let _ = self.write(&1_u64.to_ne_bytes());
    }
}
