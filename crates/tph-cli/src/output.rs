//! Where answers go.

use std::io::{self, Write};

use serde::Serialize;

use crate::report::Document;

/// Writes an answer as one indented JSON document.
pub(crate) fn json(body: impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(&Document::new(body))?;
    text.push('\n');
    print(&text)
}

/// Writes an answer as one line of JSON, one of many.
pub(crate) fn json_line(body: impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string(&Document::new(body))?;
    text.push('\n');
    print(&text)
}

/// Writes text, with its colours if standard output is a terminal that wants them.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
