//! The parts of the test run, as a table.

use super::part::{Part, Program};

const CARGO: Part = Part {
    name: "",
    what: "",
    program: Program::Cargo,
    arguments: &[],
    needs: None,
    environment: None,
    usual: true,
};
/// The lab's parts; `apt-get` is what the lab cannot do without.
pub(super) const XTASK: Part =
    Part { program: Program::Xtask, needs: Some(&["apt-get", "--version"]), ..CARGO };

/// All parts, the quick ones first.
pub(super) const PARTS: &[Part] = &[
    Part {
        name: "format",
        what: "every file is formatted",
        arguments: &["fmt", "--all", "--check"],
        needs: Some(&["cargo", "fmt", "--version"]),
        ..CARGO
    },
    Part {
        name: "clippy",
        what: "no lint complains",
        arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
        needs: Some(&["cargo", "clippy", "--version"]),
        ..CARGO
    },
    Part {
        name: "doc",
        what: "the documentation builds without warnings",
        // Of the libraries only: the program `tph` and the library `tph` would write the same files.
        arguments: &["doc", "--workspace", "--no-deps", "--lib"],
        environment: Some(("RUSTDOCFLAGS", "-D warnings")),
        ..CARGO
    },
    Part {
        name: "api",
        what: "the public interface of the libraries is the one that is recorded",
        program: Program::Xtask,
        arguments: &["api"],
        ..CARGO
    },
    Part {
        name: "unit",
        what: "the tests that need no guest",
        arguments: &["test", "--workspace"],
        ..CARGO
    },
    Part {
        name: "c-library",
        what: "C and C++ programs with the installed library, valgrind, the address sanitizer",
        arguments: &["c-library"],
        ..XTASK
    },
    Part {
        name: "module",
        what: "the module builds for Debian's newest kernel, and its C code is checked",
        arguments: &["lab", "module", "--check"],
        ..XTASK
    },
    Part {
        name: "module-stable",
        what: "the same for Debian's stable kernel",
        arguments: &["lab", "module", "--check", "--kernel", "stable"],
        ..XTASK
    },
    Part {
        name: "lab",
        what: "the tests in a guest with Debian's newest kernel",
        arguments: &["lab", "test"],
        ..XTASK
    },
    Part {
        name: "lab-stable",
        what: "the tests in a guest with Debian's stable kernel",
        arguments: &["lab", "test", "--kernel", "stable"],
        ..XTASK
    },
    Part {
        name: "peers",
        what: "lspci and hwloc read what this project reads",
        arguments: &["peers"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "supply-chain",
        what: "licences, sources and duplicates of the dependencies; known faults where a network is",
        program: Program::Xtask,
        arguments: &["deny"],
        usual: false,
        ..CARGO
    },
    Part {
        name: "sanitize",
        what: "the libraries' tests with the address sanitizer",
        program: Program::Xtask,
        arguments: &["sanitize", "address"],
        usual: false,
        ..CARGO
    },
    Part {
        name: "sanitize-threads",
        what: "the tests of what threads share with the thread sanitizer",
        arguments: &["sanitize", "thread"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "big-endian",
        what: "the tests of what byte order could break on an emulated s390x",
        arguments: &["big-endian"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-reload",
        what: "the module comes and goes 1,000 times",
        arguments: &["lab", "test", "--rounds", "1000", "--timeout", "1800", "without_a_trace"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-killed",
        what: "the command is killed at every step",
        arguments: &["lab", "test", "--rounds", "1", "--timeout", "3600", "killed::"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "package",
        what: "the Debian packages: the same bytes twice, a clean system, a guest with systemd",
        arguments: &["package", "--check"],
        usual: false,
        ..XTASK
    },
    Part {
        name: "lab-debug",
        what: "the tests in a guest with a kernel that knows TPH and reports bugs",
        arguments: &["lab", "test", "--kernel", "debug"],
        usual: false,
        ..XTASK
    },
];
