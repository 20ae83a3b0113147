//! What no input may break: one harness for property tests and for libFuzzer.
//!
//! A [`Target`] takes bytes, makes of them what it tests (with `arbitrary`: a sequence of requests, a
//! configuration space), does it, and compares what came of it with a naive model or with the
//! property that must hold. It panics where it finds a difference; everything else that ends a
//! program is a find as well.
//!
//! The same targets run in two ways: `cargo test -p tph-fuzz` sends each a fixed, counted slice of
//! inputs (`slice.rs`), `cargo xtask fuzz TARGET` lets libFuzzer look for inputs that reach new code.
//! What was once a find is a file in `inputs/TARGET`, which both send first.

#![allow(clippy::cast_possible_truncation, reason = "low bits of the input are what is meant")]

pub mod slice;
mod targets;
#[cfg(test)]
mod tests;

pub use targets::{atomic, capi, decoder, dispatcher, dump, guest, plan, plan_file, profile};
pub use targets::{server, slots, sysroot, wire};

/// What programs of this crate get their memory from ([`limited`]).
pub use cap::Cap;

/// Memory that all of a process may have, in bytes. What claims to be large must not get as much.
pub const MEMORY: usize = 512 << 20;

/// Something that is tested, whatever bytes it gets.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its file in `src/targets`, of its program and of its folder in `inputs`.
    pub name: &'static str,
    /// Takes one input.
    ///
    /// # Panics
    /// If the input shows a bug.
    pub run: fn(&[u8]),
    /// The longest input that is of use, in bytes.
    pub longest: usize,
    /// How many inputs the usual test run sends.
    pub slice: u64,
}

/// All targets.
pub const TARGETS: [Target; 13] = [
    atomic::TARGET,
    capi::TARGET,
    decoder::TARGET,
    dispatcher::TARGET,
    dump::TARGET,
    guest::TARGET,
    plan::TARGET,
    plan_file::TARGET,
    profile::TARGET,
    server::TARGET,
    slots::TARGET,
    sysroot::TARGET,
    wire::TARGET,
];

/// Has a program end that takes more than [`MEMORY`].
#[macro_export]
macro_rules! limited {
    () => {
        #[global_allocator]
        static ALLOCATOR: $crate::Cap<std::alloc::System> =
            $crate::Cap::new(std::alloc::System, $crate::MEMORY);
    };
}

/// The program of a target: with `--cfg fuzzing` libFuzzer's, else one that sends it files, or a
/// number of random inputs ([`slice::main`]).
#[macro_export]
macro_rules! program {
    ($target:expr) => {
        $crate::limited!();

        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ($target.run)(bytes));

        #[cfg(not(fuzzing))]
        fn main() {
            $crate::slice::main(&$target);
        }
    };
}
