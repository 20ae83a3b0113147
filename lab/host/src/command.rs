//! Running the machine's own programs and saying well what went wrong.

use crate::{Error, Result};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// The name to show for a command.
fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn start_error(command: &Command) -> impl FnOnce(std::io::Error) -> Error {
    let program = name(command);
    move |source| Error::Start { program, source }
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
/// When it cannot be started or fails; `step` says what it is for, as a verb phrase.
pub fn output(command: &mut Command, step: &'static str) -> Result<String> {
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().map_err(start_error(command))?;
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    if status.success() {
        return Ok(stdout);
    }
    let output = format!("{stdout}{}", String::from_utf8_lossy(&stderr));
    Err(Error::Command { step, program: name(command), status, output })
}

/// Runs a command to its end and shows every line of its standard output to `line` as it comes.
pub(crate) fn each_line(
    command: &mut Command,
    step: &'static str,
    mut line: impl FnMut(&str),
) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(start_error(command))?;
    let stdout = child.stdout.take().map(BufReader::new);
    let stderr =
        child.stderr.take().map(|pipe| std::thread::spawn(|| std::io::read_to_string(pipe)));
    for text in stdout.into_iter().flat_map(BufRead::lines).map_while(std::result::Result::ok) {
        line(&text);
    }
    let status = child.wait().map_err(start_error(command))?;
    if status.success() {
        return Ok(());
    }
    let output = stderr
        .and_then(|reader| reader.join().ok())
        .and_then(std::result::Result::ok)
        .unwrap_or_default();
    Err(Error::Command { step, program: name(command), status, output })
}
