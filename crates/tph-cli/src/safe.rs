//! Text from outside (names in sysfs and in files, what processes call themselves) and the terminal.
//!
//! The one place that says which characters are shown as they are. Every answer and every error passes
//! through here on its way out ([`crate::output`]); names are cleaned where they are put into a line too,
//! as only there they can be told from this command's own colours.

use std::fmt::Write as _;

/// The sequences that this command writes itself: they choose weights and colours.
const OWN: [&str; 9] = [
    "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m",
    "\x1b[m",
];

/// Whether it controls a terminal or an editor (C0, C1, what changes the direction of writing or breaks
/// lines), is not to be seen at all, or is in no XML however it is escaped.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

fn shown(c: char) -> char {
    if is_unsafe(c) { char::REPLACEMENT_CHARACTER } else { c }
}

/// A name that somebody else chose, in one line.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// Several lines of somebody else, such as those of a file that cannot be read.
pub(crate) fn clean_lines(text: &str) -> String {
    let shown = |c| match c {
        '\n' => c,
        // One column, as an error counts it that points to a place in the line.
        '\t' => ' ',
        c => shown(c),
    };
    text.chars().map(shown).collect()
}

/// A whole answer: it has lines, and colours of this command.
pub(crate) fn screen(text: &str) -> String {
    let mut screened = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        screened += &clean_lines(&rest[..at]);
        rest = &rest[at..];
        let own = OWN.iter().find_map(|own| Some((*own, rest.strip_prefix(own)?)));
        let (piece, after) = own.unwrap_or(("\u{fffd}", &rest[1..]));
        screened += piece;
        rest = after;
    }
    screened + &clean_lines(rest)
}

/// A JSON document that says the same with these characters escaped. They are in strings only, but for
/// the line breaks between its parts.
pub(crate) fn escape_json(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    for c in document.chars() {
        if c == '\n' || !is_unsafe(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}"); // Writing to a string cannot fail.
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{7}\u{1b}[2J\u{9b}31m\u{202e}b\u{200b}\u{fffe}\u{7f}\u{e0041}ü";

    #[test]
    fn a_name_has_nothing_that_controls_a_terminal() {
        assert_eq!(
            clean(HOSTILE),
            "a\u{fffd}\u{fffd}[2J\u{fffd}31m\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\u{fffd}ü"
        );
        assert_eq!(clean("one\ntwo"), "one\u{fffd}two");
        assert_eq!(clean_lines("one\ntwo\r"), "one\ntwo\u{fffd}");
    }

    #[test]
    fn an_answer_keeps_its_own_colours_and_no_other_sequence() {
        let own = crate::style::title("x");
        assert_eq!(screen(&own), own);
        assert_eq!(
            screen("\u{1b}[8mhidden\u{1b}]0;title\u{7}\n"),
            "\u{fffd}[8mhidden\u{fffd}]0;title\u{fffd}\n"
        );
        assert_eq!(screen(HOSTILE), clean(HOSTILE));
    }

    #[test]
    fn a_document_says_the_same_without_them() {
        for text in [
            serde_json::to_string(&[HOSTILE]).unwrap(),
            serde_json::to_string_pretty(&[HOSTILE]).unwrap(),
        ] {
            let escaped = escape_json(&text);
            assert!(!escaped.chars().any(|c| c != '\n' && is_unsafe(c)), "{escaped:?}");
            assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [HOSTILE]);
        }
    }

    #[test]
    fn every_style_of_this_command_is_its_own() {
        use crate::table::Tone;
        let tones = [Tone::Plain, Tone::Good, Tone::Bad, Tone::Faint].map(Tone::style);
        let help = crate::style::HELP;
        let helps = [
            help.get_header(),
            help.get_error(),
            help.get_usage(),
            help.get_literal(),
            help.get_placeholder(),
            help.get_valid(),
            help.get_invalid(),
        ];
        let all = tones.iter().chain(helps).chain([&crate::style::TITLE, &crate::style::ERROR]);
        for style in all {
            let text = format!("{style}x{style:#}");
            assert_eq!(screen(&text), text);
        }
    }
}
