//! Row 5: looking at every function of a host, beside the bare reads.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tph::{ConfigOffset, PortType};
use tph_lab_hosts::{ConfigImage, Tree};
use vfio_tph::{Host, Ids, ReadOnce, TphView};

use crate::figure::Figure;
use crate::hosts::{with_functions, with_tph_behind};
use crate::measure::{Paired, cpu_time};
use crate::tools::Tools;

const FUNCTIONS: u32 = 1_000;
/// How many extended capabilities lie before TPH.
const OTHERS: u32 = 9;
/// How many extended capabilities the largest devices of today have.
const LARGEST: u32 = 12;
const ROUNDS: usize = 40;
const DWORDS: f64 = 20.0;
const TIMES: f64 = 2.0;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let image = with_tph_behind(OTHERS);
    let tree = with_functions(FUNCTIONS, &image);
    let host = Host::saved(tree.path());
    let list =
        |tree: &Tree| tools.tph(["list".as_ref(), "--sysroot".as_ref(), tree.path().as_os_str()]);
    let there = FUNCTIONS + 1;
    let largest = with_functions(FUNCTIONS, &with_tph_behind(LARGEST - 1));
    let most = per_function(tools.system_calls("pread64", &list(&largest)));
    let dwords = per_function(tools.system_calls("pread64", &list(&tree)));
    let calls = per_function(tools.system_calls("all", &list(&tree)));
    let offsets = offsets(&image);
    let files = config_files(tree.path());
    assert_eq!(files.len(), there as usize);
    let times = Paired::rounds(
        ROUNDS,
        || {
            cpu_time(|| {
                assert_eq!(host.functions().map_or(0, |it| it.functions.len()), there as usize);
            })
        },
        || cpu_time(|| files.iter().map(|file| bare(file, &offsets)).sum::<u64>()),
    );
    let slower = times.times_slower();
    let (low, high) = (1.0 / times.spread.1, 1.0 / times.spread.0);
    vec![
        Figure::new(
            format!(
                "dwords read of each of {FUNCTIONS} functions, TPH the last of {} extended \
                 capabilities, by strace",
                OTHERS + 1
            ),
            format!("{dwords:.1} (the last of {LARGEST}: {most:.1}), of {calls:.1} system calls a function in the whole of tph list"),
        )
        .limit(format!("at most {DWORDS}"), dwords <= DWORDS),
        Figure::new(
            format!("Host::functions(), {FUNCTIONS} functions, CPU time"),
            format!("{:.2?}; {slower:.2} times ({low:.2} to {high:.2})", times.ours),
        )
        .peer(format!("open, {} reads, close: {:.2?}", offsets.len(), times.peer))
        .limit(format!("{TIMES} times the bare reads"), slower <= TIMES),
    ]
}

fn per_function(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(FUNCTIONS + 1)
}

fn config_files(host: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(host.join("sys/bus/pci/devices")).expect("a list of functions");
    folder.map(|entry| entry.expect("a function").path().join("config")).collect()
}

/// Where the dwords lie that are wanted of a function.
fn offsets(image: &ConfigImage) -> Vec<ConfigOffset> {
    let mut space = ReadOnce::new(image);
    PortType::of(&mut space).expect("a function");
    TphView::registers(&mut space).expect("a function");
    Ids::read(&mut space).expect("a function");
    space.seen().keys().copied().collect()
}

fn bare(path: &Path, offsets: &[ConfigOffset]) -> u64 {
    let file = File::open(path).expect("it opens");
    let dword = |offset: &ConfigOffset| {
        let mut bytes = [0; 4];
        file.read_exact_at(&mut bytes, u64::from(offset.get())).expect("it can be read");
        u64::from(u32::from_le_bytes(bytes))
    };
    offsets.iter().map(dword).sum()
}
