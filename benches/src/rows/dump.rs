//! Row 4: the list of a saved dump, beside lspci's.

use std::path::Path;
use std::process::Command;

use crate::figure::Figure;
use crate::hosts::write_dump;
use crate::measure::{Paired, program_time};
use crate::tools::Tools;

const FUNCTIONS: u32 = 10_000;
/// Counting instructions is slow.
const COUNTED: u32 = 100;
const ROUNDS: usize = 5;
const LIMIT: f64 = 10.0;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("dump.txt");
    write_dump(&dump, COUNTED).expect("the dump is written");
    let count = |command: &Command| tools.instructions(command) / u64::from(COUNTED);
    let counts = (count(&ours(tools, &dump)), count(&peer(tools, &dump)));
    write_dump(&dump, FUNCTIONS).expect("the dump is written");
    let times = Paired::rounds(
        ROUNDS,
        || program_time(&mut ours(tools, &dump)),
        || program_time(&mut peer(tools, &dump)),
    );
    let (low, high) = times.spread;
    let faster = times.times_faster;
    let what = format!("tph list --dump, {FUNCTIONS} functions of 4 KiB with TPH, CPU time");
    let said =
        |time: std::time::Duration, count| format!("{time:.2?}, {count} instructions a function");
    let ours =
        format!("{}; {faster:.1} times faster ({low:.1} to {high:.1})", said(times.ours, counts.0));
    vec![
        Figure::new(what, ours)
            .peer(format!("lspci -F … -n: {}", said(times.peer, counts.1)))
            .limit(format!("{LIMIT} times faster"), faster >= LIMIT),
    ]
}

fn ours(tools: &Tools, dump: &Path) -> Command {
    tools.tph(["list".as_ref(), "--dump".as_ref(), dump.as_os_str()])
}

fn peer(tools: &Tools, dump: &Path) -> Command {
    let mut lspci = tools.debian("usr/bin/lspci");
    lspci.arg("-F").arg(dump).arg("-n");
    lspci
}
