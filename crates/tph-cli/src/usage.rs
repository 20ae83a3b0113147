//! A command line that cannot be read.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::exit::Exit;
use crate::failure::ErrorReport;
use crate::output::{self, Style};

/// Says what is wrong with it, in JSON if it asks for that anywhere; the code to exit with. Help and
/// version come this way too, and are text always.
pub(crate) fn report(
    refusal: &clap::Error,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    let style = asked_for(arguments);
    if !refusal.use_stderr() || style == Style::Text {
        let _ = refusal.print(); // Who does not listen cannot be told.
        return if refusal.use_stderr() { Exit::Usage } else { Exit::Done }.into();
    }
    output::set_style(style);
    let text = refusal.render().to_string();
    let mut paragraphs = text.trim().splitn(2, "\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let next = paragraphs.next().map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut report = ErrorReport::new(Exit::Usage, message.to_owned());
    report.next = next;
    report.report()
}

/// What answers should look like, by a command line of which nothing else is understood.
fn asked_for(arguments: impl IntoIterator<Item = OsString>) -> Style {
    let mut style = Style::Text;
    for argument in arguments {
        match argument.to_str().unwrap_or_default() {
            "--" => break,
            "--json" if style == Style::Text => style = Style::Json,
            "--pretty" => style = Style::PrettyJson,
            short if short.starts_with('-') && !short.starts_with("--") => {
                if short.contains('p') {
                    style = Style::PrettyJson;
                } else if short.contains('j') && style == Style::Text {
                    style = Style::Json;
                }
            }
            _ => {}
        }
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognized_in_a_line_that_is_wrong() {
        for (line, style) in [
            ("list --nonsense", Style::Text),
            ("-j liszt", Style::Json),
            ("show --json", Style::Json),
            ("show -jp", Style::PrettyJson),
            ("show -p -j", Style::PrettyJson),
            ("show --pretty --json", Style::PrettyJson),
            ("show -- -j", Style::Text),
        ] {
            assert_eq!(asked_for(line.split(' ').map(OsString::from)), style, "{line}");
        }
    }
}
