//! The reader of plans in TOML: what it takes it writes, and takes again as the same.

use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "plan_file", run, longest: 4096, slice: 30_000 };

fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match tph_cli::rewritten_plan(text) {
        Ok(written) => {
            assert_eq!(tph_cli::rewritten_plan(&written).as_ref(), Ok(&written), "{text}");
        }
        Err(said) => {
            // Every error says where: the TOML reader's in words, ours as file:line:column.
            let place = said.contains("line ") || said.starts_with("plan:");
            assert!(place, "{said}");
        }
    }
}
