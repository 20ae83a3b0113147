//! A command line that cannot be read.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::ExitCode;

use crate::exit::Exit;
use crate::failure::{ErrorReport, Failure};
use crate::output::{self, Style};

/// Says what is wrong with it, in JSON if it asks for that anywhere; the code to exit with. Help and
/// version come this way too, and are text always.
pub(crate) fn report(
    refusal: &clap::Error,
    arguments: impl IntoIterator<Item = OsString>,
) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().collect();
    // A sequence in an argument could not be told from a colour.
    let plain = arguments.iter().any(|argument| argument.as_encoded_bytes().contains(&0x1b));
    let said = refusal.render();
    let coloured = if plain { said.to_string() } else { said.ansi().to_string() };
    let style = asked_for(arguments);
    if !refusal.use_stderr() {
        let said = output::print(&coloured);
        return said.map_or_else(|error| Failure::from(error).report(), |()| ExitCode::SUCCESS);
    }
    if style == Style::Text {
        output::complain(&coloured);
        return Exit::Usage.into();
    }
    output::set_style(style);
    let text = said.to_string();
    let mut paragraphs = text.trim().splitn(2, "\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let next = paragraphs.next().map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut report = ErrorReport::new(Exit::Usage, message.to_owned());
    report.next = next;
    report.report()
}

/// What answers should look like, by a command line of which nothing else is understood.
fn asked_for(arguments: impl IntoIterator<Item = OsString>) -> Style {
    let (mut style, flags) = (Style::Text, flags());
    for argument in arguments {
        match argument.to_str().unwrap_or_default() {
            "--" => break,
            "--json" if style == Style::Text => style = Style::Json,
            "--pretty" => style = Style::PrettyJson,
            other => {
                let short = other.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
                for letter in short.unwrap_or_default().chars().take_while(|it| flags.contains(it))
                {
                    match letter {
                        'p' => style = Style::PrettyJson,
                        'j' if style == Style::Text => style = Style::Json,
                        _ => {}
                    }
                }
            }
        }
    }
    style
}

/// The letters that take no value, of all verbs. What follows another one is its value, or unknown.
fn flags() -> BTreeSet<char> {
    let mut command = crate::definition();
    command.build();
    let verbs = command.get_subcommands().flat_map(clap::Command::get_arguments);
    let flags = command.get_arguments().chain(verbs).filter(|it| !it.get_action().takes_values());
    flags.filter_map(clap::Arg::get_short).collect()
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
            ("list -aj", Style::Json),
            ("plan -oplan.toml", Style::Text),
            ("plan -ojobs", Style::Text),
            ("plan -jo plan.toml", Style::Json),
            ("list -xp", Style::Text),
            ("map --queue=p", Style::Text),
            ("map -", Style::Text),
        ] {
            assert_eq!(asked_for(line.split(' ').map(OsString::from)), style, "{line}");
        }
    }
}
