//! What `tph bench` says, for people.

use super::report::{Event, Finished, MeasuredReport, Setup, SpreadReport};
use crate::safe::clean;
use crate::style::title;
use crate::table::{Cell, Table, Tone, row};
use crate::words;

pub(super) fn text(event: &Event<'_>) -> String {
    match event {
        Event::Planned(setup) => {
            let phases = 2 * u64::from(setup.rounds);
            let seconds = (phases * (setup.period_ms + setup.settle_ms)).div_ceil(1000);
            let time = words::count(seconds, "second");
            format!("{}\nIt would take {time}. Nothing was done.\n", self::setup(setup))
        }
        Event::Started(setup) => self::setup(setup),
        Event::Round { .. } => String::new(),
        Event::Finished(finished) => self::finished(finished),
    }
}

fn setup(setup: &Setup) -> String {
    let rounds = words::count(setup.rounds.into(), "round");
    let (settle, period) = (setup.settle_ms, setup.period_ms);
    let who = match setup.switched_by {
        "program" => "a program turns steering on and off",
        "this-command" => "this command holds the device and turns TPH on and off",
        _ => "another process has the device, this command turns TPH on and off there",
    };
    let mut lines = vec![
        format!(
            "{}  {rounds} of two phases, with steering and without, in an order by chance (seed {})",
            title(&setup.device),
            setup.seed
        ),
        format!("  phase      {settle} ms to settle, {period} ms counted"),
        format!(
            "  steering   {who}{}",
            setup.mode.map(|mode| format!(", {mode} mode")).unwrap_or_default()
        ),
        format!("  CPUs       {}", if setup.cpus.is_empty() { "not known" } else { &setup.cpus }),
    ];
    let mut head = "counted";
    for metric in &setup.measured {
        lines.push(format!(
            "  {head:<9}  {}  ({})",
            clean(&with_unit(&metric.name, &metric.unit)),
            clean(&metric.source)
        ));
        head = "";
    }
    let mut head = "not here";
    for absent in &setup.not_here {
        lines.push(format!("  {head:<9}  {}: {}", clean(&absent.what), clean(&absent.why)));
        lines
            .extend(absent.next.iter().map(|next| format!("  {:<9}    next: {}", "", clean(next))));
        head = "";
    }
    lines.join("\n") + "\n"
}

fn with_unit(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} {unit}") }
}

fn finished(finished: &Finished) -> String {
    let mut lines = vec![String::new()];
    let headings = ["MEASURED", ">OFF", ">ON", ">DIFFERENCE", ">95 %", ">CHANGE", ">P", "MEANS"];
    let mut table = Table::new(&headings);
    for measured in &finished.measured {
        table.push(measured_row(measured));
    }
    lines.extend(table.lines(2));
    lines.push(String::new());
    lines.push(sentence(finished));
    if let Some(why) = &finished.ended_early {
        let rounds = words::count(finished.rounds as u64, "whole round");
        lines.push(format!("This is a part: {}. What is above is of {rounds}.", clean(why)));
    }
    if finished.lines_without_number > 0 {
        let lines_of = words::count(finished.lines_without_number, "line");
        lines.push(format!("Of the samples {lines_of} had no number."));
    }
    if let Some(why) = &finished.not_restored {
        lines.push(format!("Steering was not left as it should be: {}", clean(why)));
    }
    lines.join("\n") + "\n"
}

fn measured_row(measured: &MeasuredReport) -> Vec<Cell> {
    let dash = || Cell::new("-", Tone::Faint);
    let spread = |it: Option<SpreadReport>| {
        it.map_or_else(dash, |it| {
            let [low, middle, high] = [it.lower_quartile, it.median, it.upper_quartile].map(number);
            format!("{middle} ({low} to {high})").into()
        })
    };
    let signed = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, number(value));
    let (means, tone) = match measured.verdict {
        "difference" => (direction(measured), Tone::Plain),
        "no-difference" => ("no difference", Tone::Plain),
        "never-measured" => ("never measured", Tone::Bad),
        _ => ("too few rounds", Tone::Bad),
    };
    let percent = |percent: f64| format!("{percent:+.1} %");
    row![
        with_unit(&measured.metric.name, &measured.metric.unit),
        spread(measured.off),
        spread(measured.on),
        measured.difference.map_or_else(dash, |it| signed(it).into()),
        measured
            .interval
            .map_or_else(dash, |it| format!("{} to {}", signed(it[0]), signed(it[1])).into()),
        measured.difference_percent.map_or_else(dash, |it| percent(it).into()),
        if measured.p < 1e-4 { "<0.0001".into() } else { format!("{:.4}", measured.p) },
        Cell::new(means, tone),
    ]
}

/// What steering does to it; whether that is good, the unit does not say.
fn direction(measured: &MeasuredReport) -> &'static str {
    if measured.difference.is_some_and(|it| it < 0.0) { "less" } else { "more" }
}

/// The answer in a sentence, and what was never measured in another.
fn sentence(finished: &Finished) -> String {
    let with = |verdict| finished.measured.iter().filter(move |it| it.verdict == verdict);
    let different = with("difference");
    let names: Vec<_> =
        different.map(|it| format!("{} {}", clean(&it.metric.name), direction(it))).collect();
    let mut sentences = Vec::new();
    if !names.is_empty() {
        sentences.push(format!("Steering makes a difference: {}.", names.join(", ")));
    } else if with("no-difference").next().is_some() {
        let none = "No difference was found. A difference inside of the intervals may be there.";
        sentences.push(none.to_owned());
    } else if with("too-few-rounds").next().is_some() {
        let fewest = finished.fewest_rounds;
        sentences.push(format!("Too few rounds to say anything: it takes at least {fewest}."));
    }
    let never = with("never-measured");
    sentences.extend(never.map(|it| format!("{} was never measured.", clean(&it.metric.name))));
    sentences.join(" ")
}

/// Four digits, and a letter for thousands; what is less than a millionth as a power of ten.
fn number(value: f64) -> String {
    let size = value.abs();
    if size > 0.0 && size < 1e-6 {
        return format!("{value:.3e}");
    }
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")];
    let scale = scales.iter().find(|(least, _)| size >= *least);
    let (digits, letter) = match scale {
        Some((1e4, letter)) => (value / 1e3, *letter),
        Some((unit, letter)) => (value / unit, *letter),
        None => (value, ""),
    };
    let decimals = match digits.abs() {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        0.1.. => 4,
        0.01.. => 5,
        0.001.. => 6,
        0.0001.. => 7,
        0.00001.. => 8,
        0.000_001.. => 9,
        _ => 3,
    };
    format!("{digits:.decimals$}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_four_digits() {
        for (value, text) in [
            (0.0, "0.000"),
            (0.01234, "0.01234"),
            (-0.25, "-0.2500"),
            (0.000_012, "0.00001200"),
            (-1.5e-9, "-1.500e-9"),
            (1.5, "1.500"),
            (-42.0, "-42.00"),
            (512.25, "512.2"),
            (9999.0, "9999"),
            (12_345.0, "12.35k"),
            (-1.5e6, "-1.500M"),
            (3.2e9, "3.200G"),
            (7e12, "7.000T"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
    }
}
