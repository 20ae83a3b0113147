//! How much CPU time a list of 1,000 functions takes: `cargo bench -p vfio-tph --bench list`.
#![allow(missing_docs, reason = "a program")]

use std::fs;

use tph_lab_hosts::{ConfigImage, FunctionFiles, Tree};
use vfio_tph::Host;

const FUNCTIONS: u32 = 1_000;
const RUNS: u32 = 50;
/// The unit of `/proc/self/stat`, which is the same everywhere.
const MILLISECONDS_PER_TICK: u32 = 10;

fn main() {
    let tree = Tree::new();
    let root = "0000:00:01.0";
    let port = ConfigImage::express(4, 0x1000).bridge(1);
    tree.function(&FunctionFiles { place: root, ..FunctionFiles::default() }, &port);
    let image = ConfigImage::express(0, 0).crowded(12);
    for number in 0..FUNCTIONS {
        let (bus, device, function) = (1 + number / 256, number / 8 % 32, number % 8);
        let place = format!("{root}/0000:{bus:02x}:{device:02x}.{function}");
        let files = FunctionFiles { place: &place, driver: Some("nvme"), group: Some(number) };
        tree.function(&files, &image);
    }
    let host = Host::saved(tree.path());
    let before = ticks();
    for _ in 0..RUNS {
        assert_eq!(host.functions().unwrap().functions.len(), 1_001);
    }
    let spent = (ticks() - before) * MILLISECONDS_PER_TICK;
    println!("{FUNCTIONS} functions listed in {} ms of CPU time", spent / RUNS);
}

/// What this process has spent, of its own and in the kernel.
fn ticks() -> u32 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit(')').next().unwrap().split_ascii_whitespace();
    fields.skip(11).take(2).map(|field| field.parse::<u32>().unwrap()).sum()
}
