//! What is said of it, as text and as JSON.

use std::process::ExitCode;

use serde::Serialize;

use crate::exit::Exit;
use crate::output::{self, Style};
use crate::safe::{clean, clean_lines};
use crate::style::ERROR;

/// An error as data.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorReport {
    /// `error`, `usage`, `drift`, `not-supported`, `partly`: the exit code in a word.
    kind: &'static str,
    /// The code that the command exits with.
    pub(crate) exit_code: u8,
    /// What happened, to which device, and why.
    message: String,
    /// The device, if it is about one: its address, or what it was called.
    pub(super) device: Option<String>,
    /// What was being done, if the error is of a request or a call.
    pub(super) step: Option<String>,
    /// The number of what the kernel or the device answered, if it was one of them.
    pub(super) errno: Option<i32>,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// Whether the message quotes lines of a file; others have one line, whatever is in a name.
    #[serde(skip)]
    pub(super) quotes: bool,
}

/// The document that an error is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ErrorDocument<'a> {
    error: &'a ErrorReport,
}

impl ErrorReport {
    pub(crate) fn new(exit: Exit, message: String) -> Self {
        let (kind, exit_code) = (exit.name(), exit.code());
        Self {
            kind,
            exit_code,
            message,
            device: None,
            step: None,
            errno: None,
            next: None,
            quotes: false,
        }
    }

    /// Says it on standard error, where answers never go; the code to exit with.
    pub(crate) fn report(&self) -> ExitCode {
        if output::style() == Style::Text {
            let message = if self.quotes { clean_lines } else { clean }(&self.message);
            let next = self.next.as_ref().map(|next| format!("  next: {}\n", clean(next)));
            let next = next.unwrap_or_default();
            output::complain(&format!("{ERROR}error:{ERROR:#} {message}\n{next}"));
        } else if let Ok(text) = output::document(ErrorDocument { error: self }) {
            output::complain(&text);
        }
        self.exit_code.into()
    }
}
