//! Colours. They are put in always; what is no terminal, or says `NO_COLOR`, gets the text without.

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;

use crate::safe::clean;

/// Of the help.
pub(crate) const HELP: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new());

/// Of what a paragraph is about.
pub(crate) const TITLE: Style = Style::new().bold();
/// Of an error.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Of a warning.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// `text` as a title, in which nothing controls the terminal.
pub(crate) fn title(text: &str) -> String {
    format!("{TITLE}{}{TITLE:#}", clean(text))
}
