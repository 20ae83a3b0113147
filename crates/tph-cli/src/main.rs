//! The `tph` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tph_cli::run()
}
