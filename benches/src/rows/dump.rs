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
    // What starting costs is in both counts.
    let counted = [COUNTED, 2 * COUNTED].map(|functions| {
        write_dump(&dump, functions).expect("the dump is written");
        let commands = [ours(tools, &dump), peer(tools, &dump)];
        commands.map(|mut command| {
            assert_eq!(listed(&mut command), functions, "{command:?} has a line for each");
            tools.instructions(&command)
        })
    });
    let each = |who: usize| (counted[1][who] - counted[0][who]) / u64::from(COUNTED);
    let counts = (each(0), each(1));
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

/// How many of the functions a command lists. The dump has a root port too, on bus 0.
fn listed(command: &mut Command) -> u32 {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    let addresses = said.lines().filter_map(|line| line.split_whitespace().next());
    let addresses = addresses.map(|word| word.strip_prefix("0000:").unwrap_or(word));
    let functions = addresses
        .filter(|address| address.as_bytes().get(2) == Some(&b':') && !address.starts_with("00:"));
    u32::try_from(functions.count()).expect("a small number")
}

fn ours(tools: &Tools, dump: &Path) -> Command {
    tools.tph(["list".as_ref(), "--dump".as_ref(), dump.as_os_str()])
}

fn peer(tools: &Tools, dump: &Path) -> Command {
    let mut lspci = tools.debian("usr/bin/lspci");
    lspci.arg("-F").arg(dump).arg("-n");
    lspci
}
