//! The project's own chores: `cargo xtask …`.

mod api;
mod bench;
mod big_endian;
mod c_library;
mod counted;
mod coverage;
mod deny;
mod dist;
mod fuzz;
mod inside;
mod lab;
mod mutants;
mod package;
mod peers;
mod process;
mod repo;
mod sanitize;
mod test;
mod tool;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The project's own chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// How fast it is, beside its peers: the rows of docs/benchmarks.md
    Bench(bench::Arguments),
    /// The lab: stock kernels in QEMU with emulated endpoints
    #[command(subcommand)]
    Lab(lab::Verb),
    /// Compare the public interface of the libraries with the one that is recorded
    Api(api::Arguments),
    /// Build and install libvfiotph as a packager does, then use it from C and C++: static and
    /// shared, with valgrind and the address sanitizer
    CLibrary(c_library::Arguments),
    /// Count the lines that tests run (docs/testing.md); exit 1 when they are too few
    Coverage,
    /// Check the dependencies: licences, sources, duplicates, known faults (needs a network)
    Deny,
    /// Write the manual pages and the shells' completions of tph
    Dist(dist::Arguments),
    /// Look with libFuzzer for inputs that break what no input may break (docs/testing.md)
    Fuzz(fuzz::Arguments),
    /// Put faults into the rules and the planner, one by one: a test has to notice each
    Mutants(mutants::Arguments),
    /// Make the Debian packages: vfio-tph (command, C library, manual pages, completions, udev rule)
    /// and vfio-tph-dkms (the module's sources)
    Package(package::Arguments),
    /// Have lspci and hwloc read what this project reads, and compare
    Peers(peers::Arguments),
    /// Run the tests of what byte order could break on an emulated s390x
    BigEndian,
    /// Run the libraries' tests with the address or the thread sanitizer
    Sanitize(sanitize::Arguments),
    /// The whole test run: format, lints, documentation, tests, module, guest
    #[command(visible_alias = "ci")]
    Test(test::Arguments),
}

/// The exit code when the lab itself fails, so that a program's own code is never mistaken for it.
const LAB_FAILED: u8 = 125;

/// The exit code of a chore that cannot be done on this machine, and says why: automake's.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Lab(verb) => lab::run(verb),
        Chore::Api(arguments) => api::run(&arguments),
        Chore::CLibrary(arguments) => c_library::run(&arguments),
        Chore::Coverage => coverage::run(),
        Chore::Deny => deny::run(),
        Chore::Dist(arguments) => dist::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::Mutants(arguments) => mutants::run(&arguments),
        Chore::Package(arguments) => package::run(&arguments),
        Chore::Peers(arguments) => peers::run(&arguments),
        Chore::BigEndian => big_endian::run(),
        Chore::Sanitize(arguments) => sanitize::run(&arguments),
        Chore::Test(arguments) => return test::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        if let Some(advice) = error.advice() {
            eprintln!("what to do: {advice}");
        }
        ExitCode::from(LAB_FAILED)
    })
}
