//! `tph explain DEV`

use std::process::ExitCode;

use crate::cli::ShowArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::{ExplainReport, LinkReport};
use crate::safe::clean;
use crate::source::Source;
use crate::style::title;
use crate::table::Tone;

/// Wide enough for the name of every link, and for every answer.
const LINK: usize = 10;
const ANSWER: usize = 7;

pub(crate) fn explain(args: &ShowArgs, json: bool) -> Result<ExitCode, Failure> {
    let facts = Source::open(&args.source)?.facts(&args.device)?;
    let explanation = vfio_tph::explain(&facts);
    let report = ExplainReport::new(&facts, &explanation);
    let said = if json { output::json(report) } else { output::print(&text(&report)) };
    output::heard(said)?;
    Ok(match explanation.answer() {
        vfio_tph::Answer::No => Exit::NotSupported.into(),
        _ => ExitCode::SUCCESS,
    })
}

fn text(report: &ExplainReport) -> String {
    let what = match (&report.id, report.kind) {
        (Some(id), Some(kind)) => format!("{kind} {id}"),
        _ => report.no_identity.to_owned(),
    };
    let mut lines = vec![format!("{}  {what}", title(&report.device))];
    lines.push(format!("{}.", clean(&report.summary)));
    lines.push(String::new());
    lines.extend(report.links.iter().flat_map(link));
    if let Some(next) = &report.next {
        lines.push(String::new());
        lines.push(format!("next: {}", clean(next)));
    }
    lines.join("\n") + "\n"
}

fn link(link: &LinkReport) -> Vec<String> {
    let tone = match link.answer.as_str() {
        "yes" => Tone::Good,
        "no" => Tone::Bad,
        _ => Tone::Plain,
    };
    let (name, answer) = (link.link.replace('-', " "), &link.answer);
    let (style, faint) = (tone.style(), Tone::Faint.style());
    let pad = " ".repeat(ANSWER.saturating_sub(answer.len()));
    let finding = clean(&link.finding);
    let mut lines = vec![format!("  {name:LINK$}  {style}{answer}{style:#}{pad}  {finding}")];
    let indent = " ".repeat(LINK + ANSWER + 6);
    let evidence = link.evidence.iter();
    lines.extend(evidence.map(|seen| format!("{indent}{faint}{}{faint:#}", clean(&seen.text))));
    lines
}
