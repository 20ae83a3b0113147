//! Where answers go, and what they look like.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;

use serde::Serialize;

use crate::report::Document;
use crate::safe;

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

/// Says what happens: as a JSON document, or as `text` has it.
pub(crate) fn say<E: Serialize>(
    json: bool,
    event: &E,
    text: impl FnOnce(&E) -> String,
) -> io::Result<()> {
    if json { self::json(event) } else { print(&text(event)) }
}

/// A JSON document with the line break at its end.
pub(crate) fn document(body: impl Serialize) -> io::Result<String> {
    let document = Document::new(body);
    let mut text = match style() {
        Style::PrettyJson => serde_json::to_string_pretty(&document)?,
        Style::Text | Style::Json => serde_json::to_string(&document)?,
    };
    text.push('\n');
    Ok(safe::escape_json(&text))
}

/// Writes an error or a warning where answers never go. Who does not listen cannot be told.
pub(crate) fn complain(text: &str) {
    let _ = anstream::stderr().lock().write_all(safe::screen(text).as_bytes());
}

/// Writes text, with its colours if standard output is a terminal that wants them, and with nothing else
/// that controls one.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(safe::screen(text).as_bytes())?;
    out.flush()
}

/// Shows how far it is in the last line of a terminal, in place of what was shown there before; elsewhere
/// nothing. An empty text takes it away.
pub(crate) fn live(text: &str) {
    const WIDTH: usize = 60;
    let mut error = io::stderr();
    if error.is_terminal() && style() == Style::Text {
        let _ = write!(error, "\r{:WIDTH$}\r{0}", safe::clean(text));
    }
}

/// Whether an answer was written. Who has heard enough closes the pipe (`tph list | head`): that is no
/// failure, and the exit code still says what was found.
pub(crate) fn heard(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A path in JSON, which knows no bytes: what is not UTF-8 is replaced, as in text.
pub(crate) fn path<S: serde::Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&path.display())
}
