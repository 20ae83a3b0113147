//! Counting the instructions of a piece of this program: it runs itself under callgrind, once with the
//! piece once, once with it many times. What starting costs is in both.

use std::process::{Command, ExitCode};

use crate::rows::pieces;
use crate::tools::Tools;

const CHILD: &str = "--count-child";

/// The instructions of one execution of the piece called `name`.
pub(crate) fn instructions(tools: &Tools, name: &str, times: u32) -> u64 {
    let count = |times| tools.instructions(&child(name, times));
    (count(times + 1) - count(1)) / u64::from(times)
}

/// The system calls of one execution of the piece called `name`, of all threads.
pub(crate) fn system_calls(tools: &Tools, name: &str, times: u32) -> f64 {
    let count = |times| tools.system_calls("all", &child(name, times));
    let many = count(times + 1) - count(1);
    f64::from(u32::try_from(many).unwrap_or(u32::MAX)) / f64::from(times)
}

fn child(name: &str, times: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a program has a file"));
    command.args([CHILD, name, &times.to_string()]);
    command
}

/// If this process is to be counted, does what is counted.
pub(crate) fn as_child() -> Option<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [first, name, times] = arguments.as_slice() else { return None };
    if first != CHILD {
        return None;
    }
    let mut piece = pieces(name)?;
    for _ in 0..times.parse::<u32>().ok()? {
        piece();
    }
    Some(ExitCode::SUCCESS)
}
