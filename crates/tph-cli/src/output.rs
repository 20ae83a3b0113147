//! Where answers go, and what they look like.

use std::io::{self, Write};
use std::sync::OnceLock;

use serde::Serialize;

use crate::report::Document;

/// What answers look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// For people.
    #[default]
    Text,
    /// A line for each document.
    Json,
    /// Documents with line breaks and indentation.
    PrettyJson,
}

/// One for the process, as the choice of colours is: it comes from the command line, once.
static STYLE: OnceLock<Style> = OnceLock::new();

/// Has every answer from now on look like this; only the first call counts.
pub(crate) fn set_style(style: Style) {
    let _ = STYLE.set(style);
}

/// What answers look like.
pub(crate) fn style() -> Style {
    STYLE.get().copied().unwrap_or_default()
}

/// Writes an answer as a JSON document; it may be one of many.
pub(crate) fn json(body: impl Serialize) -> io::Result<()> {
    print(&document(body)?)
}

/// A JSON document with the line break at its end.
pub(crate) fn document(body: impl Serialize) -> io::Result<String> {
    let document = Document::new(body);
    let mut text = match style() {
        Style::PrettyJson => serde_json::to_string_pretty(&document)?,
        Style::Text | Style::Json => serde_json::to_string(&document)?,
    };
    text.push('\n');
    Ok(text)
}

/// Writes text, with its colours if standard output is a terminal that wants them.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
