//! Row 11: how soon `tph` says something, and how large it is.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::figure::Figure;
use crate::tools::Tools;

const ROUNDS: u32 = 60;
const MILLISECONDS: f64 = 5.0;
const MEGABYTES: f64 = 4.0;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let truth = (0..ROUNDS).map(|_| whole(&mut Command::new("true"))).min().unwrap_or_default();
    let mut figures: Vec<_> = [&["--version"][..], &["list", "--emulated"]]
        .into_iter()
        .map(|arguments| {
            let time = (0..ROUNDS).map(|_| first_byte(&mut tools.tph(arguments))).min();
            let time = time.unwrap_or_default().as_secs_f64() * 1e3;
            let what = format!("tph {}, start to first byte", arguments.join(" "));
            Figure::new(what, format!("{time:.2} ms, the least of {ROUNDS}"))
                .peer(format!("true, start to end: {truth:.2?}"))
                .limit(format!("{MILLISECONDS} ms"), time < MILLISECONDS)
        })
        .collect();
    let size = std::fs::metadata(tools.tph_file()).expect("the program").len();
    let megabytes = f64::from(u32::try_from(size).unwrap_or(u32::MAX)) / 1e6;
    figures.push(
        Figure::new("size of tph as it is built for release", format!("{megabytes:.2} MB"))
            .limit(format!("{MEGABYTES} MB"), megabytes < MEGABYTES),
    );
    figures
}

fn whole(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "it runs");
    start.elapsed()
}

fn first_byte(command: &mut Command) -> Duration {
    let start = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut out = child.stdout.take().expect("it is piped");
    out.read_exact(&mut [0]).expect("it says something");
    let time = start.elapsed();
    out.read_to_end(&mut Vec::new()).expect("it says the rest");
    assert!(child.wait().is_ok_and(|status| status.success()), "it works");
    time
}
