//! What this program does as a child of its own tests.

use std::process::ExitCode;

use tph_lab_guest::{Failure, traced};

use crate::{dma_buf, life, permission};

/// Plays a role; the code to exit with.
pub(crate) fn play(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let played: Result<(), Failure> = match words.as_slice() {
        ["steer", rest @ ..] => permission::steer(rest),
        ["hold", endpoint, how] => life::roles::hold(endpoint, how),
        ["inherit"] => life::roles::inherit(),
        ["receive"] => life::roles::receive(),
        ["sleep"] => loop {
            std::thread::park();
        },
        ["traced", words @ ..] => traced::become_traced(words),
        ["import"] => dma_buf::import(),
        other => Err(format!("no such role: {other:?}").into()),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("failed: {failure}");
            ExitCode::FAILURE
        }
    }
}
