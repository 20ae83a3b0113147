//! Inputs without a fuzzer: files, and as many random ones as are asked for.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tph_differential::Random;

use crate::Target;

/// The seed of the usual test run.
const SEED: u64 = 1;
/// A file is changed in at most so many places.
const CHANGES: u32 = 8;

/// Sends a target its files, then `count` inputs made from `seed`: the same ones every time.
///
/// # Panics
/// If an input shows a bug; which one is said before.
pub fn send(target: &Target, seed: u64, count: u64) {
    let files = files(&folder(target));
    for (path, bytes) in &files {
        let _said = Said(|| path.display().to_string());
        (target.run)(bytes);
    }
    let files: Vec<Vec<u8>> = files.into_iter().map(|(_, bytes)| bytes).collect();
    let mut bytes = Vec::with_capacity(target.longest);
    for number in 0..count {
        make(&mut Random::new(seed, number), target, &files, &mut bytes);
        let _said = Said(|| format!("seed {seed}, number {number}: {}", hex(&bytes)));
        (target.run)(&bytes);
    }
}

/// The slice of the usual test run.
///
/// # Panics
/// As [`send`].
pub fn usual(target: &Target) {
    send(target, SEED, target.slice);
}

/// The program of a target without a fuzzer: `FILE…` sends it these files, `--random COUNT [SEED]`
/// that many inputs.
///
/// # Panics
/// As [`send`], and if the arguments are others or none.
pub fn main(target: &Target) {
    const USAGE: &str = "FILE…, or --random COUNT [SEED]";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    assert!(!arguments.is_empty(), "{USAGE}");
    if arguments[0] == "--random" {
        assert!((2..=3).contains(&arguments.len()), "{USAGE}");
        let number = |text: &String| text.parse().unwrap_or_else(|_| panic!("{text}: {USAGE}"));
        let count = number(&arguments[1]);
        let start = Instant::now();
        send(target, arguments.get(2).map_or(SEED, number), count);
        println!("{}: {count} inputs in {:.1} s", target.name, start.elapsed().as_secs_f64());
        return;
    }
    for path in &arguments {
        (target.run)(&fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}")));
    }
}

/// Random bytes, or where a target has files in half of the cases one of those, changed.
fn make(random: &mut Random, target: &Target, files: &[Vec<u8>], into: &mut Vec<u8>) {
    into.clear();
    if !files.is_empty() && random.once_in(2) {
        into.extend(&files[random.place(files.len())]);
        for _ in 0..random.below(CHANGES) {
            change(random, into);
        }
        into.truncate(target.longest);
        return;
    }
    // Short ones are as likely as long ones.
    let most = random.below(u32::try_from(target.longest).unwrap_or(u32::MAX)) >> random.below(6);
    while into.len() < most as usize {
        into.extend(random.bits().to_le_bytes());
    }
    into.truncate(most as usize);
}

fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let (at, to) = (random.place(bytes.len()), random.place(bytes.len()));
    match random.below(5) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.bits().to_le_bytes()[0],
        2 => bytes[at] = random.pick(b"0 \n=[]{}\"'#:,.-\xff"),
        3 => drop(bytes.drain(at.min(to)..at.max(to))),
        _ => {
            let piece = bytes[at.min(to)..at.max(to)].to_vec();
            bytes.splice(at..at, piece);
        }
    }
}

/// The folder with the files of a target.
pub fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs").join(target.name)
}

/// The files in a folder and in the folders in it, in order.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let one = |path: PathBuf| match fs::read(&path) {
        Ok(bytes) => vec![(path, bytes)],
        Err(_) => files(&path),
    };
    paths.into_iter().flat_map(one).collect()
}

/// Says which input it was if a target panics.
struct Said<F: Fn() -> String>(F);

impl<F: Fn() -> String> Drop for Said<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input: {}", (self.0)());
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
