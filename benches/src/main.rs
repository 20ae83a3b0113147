//! How fast it is, row by row of docs/benchmarks.md: `cargo xtask bench`.
//!
//! Counts come first: accesses, system calls, allocations, instructions. A time is that of the CPU where
//! that can be had, and a ratio to a peer's in the same run. (Criterion compares with an earlier run,
//! not with a peer in this one; gungraun needs a program of its own to be installed beside it.)

mod count;
mod figure;
mod hosts;
mod machine;
mod measure;
mod plot;
mod rows;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use machine::Machine;
use rows::ROWS;
use tools::Tools;

/// The row that has a plot.
const PLOTTED: &str = "7";

/// How fast it is: the rows of docs/benchmarks.md
#[derive(Debug, Parser)]
struct Arguments {
    /// The program tph
    #[arg(long, value_name = "FILE")]
    tph: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw the plot of row 7 there, which then runs whichever rows are named
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Which rows [default: all that run here]
    #[arg(value_name = "ROW", value_parser = ROWS.map(|(row, _)| row))]
    rows: Vec<String>,
}

fn main() -> ExitCode {
    if let Some(code) = count::as_child() {
        return code;
    }
    let arguments = Arguments::parse();
    let tools = match Tools::prepare(&arguments.tph, arguments.plot.as_deref()) {
        Ok(tools) => tools,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(125);
        }
    };
    let drawn = |row: &str| row == PLOTTED && arguments.plot.is_some();
    let named = |row: &str| arguments.rows.is_empty() || arguments.rows.iter().any(|it| it == row);
    let wanted = |row: &str| named(row) || drawn(row);
    eprintln!("on {}\n", Machine::look(&tools));
    let mut figures = Vec::new();
    for (row, run) in ROWS.into_iter().filter(|(row, _)| wanted(row)) {
        let mut new = run(&tools);
        for figure in &mut new {
            figure.row = row;
            if !arguments.json {
                println!("{figure}\n");
            }
        }
        figures.append(&mut new);
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures).unwrap_or_default());
    }
    let missed = figures.iter().filter(|figure| figure.holds == Some(false)).count();
    eprintln!("{} figures, {missed} past their limit", figures.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
