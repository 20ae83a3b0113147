//! The first example is one text, wherever it is shown, and it is short.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_readme_shows_lines_of_the_program_that_the_lab_runs() {
    let program = read("examples/steer.rs");
    let readme = read("../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let shown = block.split("```").next().unwrap();
        assert!(program.contains(shown), "not in examples/steer.rs:\n{shown}");
    }
}

#[test]
fn a_driver_is_some_30_lines() {
    let program = read("examples/steer.rs");
    let lines = program.lines().filter(|line| !line.is_empty() && !line.starts_with("//!"));
    assert!(lines.count() <= 32);
}
