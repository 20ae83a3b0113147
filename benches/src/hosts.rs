//! What is measured on: configuration images, a dump, saved hosts.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use tph_emu::profile::{Cache, Cpu};
use tph_lab_hosts::{ConfigImage, FunctionFiles, Processors, Tree};

pub(crate) const ENDPOINT: u32 = 0;
pub(crate) const ROOT_PORT: u32 = 4;
/// The root port above all functions.
const ROOT: &str = "0000:00:01.0";
/// A TPH Requester capability with no-ST and device-specific mode and 64 entries, which is on.
pub(crate) const TPH: [u32; 35] = {
    let mut dwords = [0x0002_0001; 35];
    [dwords[0], dwords[1], dwords[2]] = [0x0001_0017, 0x003f_0205, 0x0000_0102];
    dwords
};

/// Four capabilities and ten extended ones, as network cards of today have; the last is TPH.
fn endpoint() -> ConfigImage {
    with_tph_behind(9)
}

/// An endpoint with so many extended capabilities before TPH.
pub(crate) fn with_tph_behind(others: u32) -> ConfigImage {
    let others: Vec<_> = (1..=others).map(|id| [id | 1 << 16, 0]).collect();
    let all: Vec<_> = others.iter().map(<[u32; 2]>::as_slice).chain([TPH.as_slice()]).collect();
    ConfigImage::express(ENDPOINT, 0).crowded(0).extended(&all)
}

pub(crate) fn typical_image() -> ConfigImage {
    endpoint()
}

/// A port whose capabilities fill its whole space: PCI Express and TPH are the last of their lists.
pub(crate) fn longest_image() -> ConfigImage {
    const EXPRESS: usize = 0xc0;
    let mut image = ConfigImage::express(ROOT_PORT, 0).bridge(1);
    for at in (0x40..EXPRESS).step_by(4) {
        image = image.set(at, u32::try_from(at + 4).expect("a small number") << 8 | 0x09);
    }
    image = image.set(EXPRESS, ROOT_PORT << 20 | 0x0002_0010).set(EXPRESS + 0x24, 0x1000);
    let room = (0x1000 - 0x100 - 4 * TPH.len()) / 8;
    let others = vec![[0x0001_000b, 0]; room];
    let all: Vec<_> = others.iter().map(<[u32; 2]>::as_slice).chain([TPH.as_slice()]).collect();
    image.extended(&all)
}

/// Two lists that never end: the one of capabilities behind PCI Express, the extended one at once.
pub(crate) fn looping_image() -> ConfigImage {
    let image = ConfigImage::express(ROOT_PORT, 0).bridge(1);
    let image = image.set(0x34, 0x7c).set(0x7c, 0x7c09).set(0x100, 0x1041_000b);
    image.set(0x104, 0x1001_000b)
}

/// The addresses of `count` functions, the lowest first.
fn addresses(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|number| {
        format!("0000:{:02x}:{:02x}.{}", 1 + number / 256, number / 8 % 32, number % 8)
    })
}

/// Writes what `lspci -xxxx` would print of a root port and `count` functions with TPH.
pub(crate) fn write_dump(path: &Path, count: u32) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let port = ConfigImage::express(ROOT_PORT, 0x1000).bridge(1);
    file.write_all(port.dump(ROOT).as_bytes())?;
    let (_, rows) = endpoint()
        .dump("")
        .split_once('\n')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("rows follow the first line");
    for address in addresses(count) {
        write!(file, "{address} Ethernet controller: made by hand\n{rows}")?;
    }
    file.flush()
}

/// A host with `count` functions with TPH below a root port, each with a driver and a group.
pub(crate) fn with_functions(count: u32, image: &ConfigImage) -> Tree {
    let tree = Tree::new();
    let port = ConfigImage::express(ROOT_PORT, 0x1000).bridge(1);
    tree.function(&FunctionFiles { place: ROOT, ..FunctionFiles::default() }, &port);
    for (group, address) in (0..).zip(addresses(count)) {
        let place = format!("{ROOT}/{address}");
        let files = FunctionFiles { place: &place, driver: Some("nvme"), group: Some(group) };
        tree.function(&files, image);
    }
    tree
}

const CPUS: &str = "/sys/devices/system/cpu";

/// A host with 256 CPUs: two sockets of 64 cores with two threads, eight cores on an L3; with
/// what hwloc reads beside what we read.
pub(crate) fn with_256_cpus() -> Tree {
    let core = |id: u32| id % 128;
    let cpu = |id| Cpu { id, socket: core(id) / 64, core: core(id) % 64, uid: id, online: true };
    let shared = |level, cores: u32| {
        (0..128 / cores).map(move |id| {
            let cpus = (0..256).filter(|cpu| core(*cpu) / cores == id).collect();
            Cache { id, level, cpus }
        })
    };
    let caches = shared(1, 1).chain(shared(2, 1)).chain(shared(3, 8)).collect();
    let tree = Tree::new();
    tree.processors(&Processors { cpus: (0..256).map(cpu).collect(), caches });
    let mask = |inside: &dyn Fn(u32) -> bool| {
        let mut text = String::new();
        for word in (0..8).rev() {
            let bits = (0..32)
                .filter(|bit| inside(32 * word + bit))
                .fold(0_u32, |all, bit| all | 1 << bit);
            let comma = if word == 0 { "" } else { "," };
            write!(text, "{bits:08x}{comma}").expect("text takes text");
        }
        text
    };
    tree.file(&format!("{CPUS}/possible"), "0-255");
    for id in 0..256 {
        let folder = format!("{CPUS}/cpu{id}");
        let socket = mask(&|other| core(other) / 64 == core(id) / 64);
        let threads = mask(&|other| core(other) == core(id));
        for name in ["package_cpus", "core_siblings", "die_cpus"] {
            tree.file(&format!("{folder}/topology/{name}"), &socket);
        }
        let first = core(id) / 64 * 64;
        let list = format!("{first}-{},{}-{}", first + 63, first + 128, first + 191);
        for name in ["package_cpus_list", "die_cpus_list"] {
            tree.file(&format!("{folder}/topology/{name}"), &list);
        }
        for name in ["core_cpus", "thread_siblings"] {
            tree.file(&format!("{folder}/topology/{name}"), &threads);
        }
        tree.file(&format!("{folder}/online"), "1");
        for (index, cores) in [1, 1, 8].into_iter().enumerate() {
            let shared = mask(&|other| core(other) / cores == core(id) / cores);
            let folder = format!("{folder}/cache/index{index}");
            tree.file(&format!("{folder}/shared_cpu_map"), &shared)
                .file(&format!("{folder}/coherency_line_size"), "64")
                .file(&format!("{folder}/number_of_sets"), "1024")
                .file(&format!("{folder}/physical_line_partition"), "1")
                .file(&format!("{folder}/ways_of_associativity"), "16");
        }
    }
    for node in 0..2 {
        let cpus = mask(&|cpu| core(cpu) / 64 == node);
        let folder = format!("/sys/devices/system/node/node{node}");
        tree.file(&format!("{folder}/cpumap"), &cpus)
            .file(&format!("{folder}/distance"), if node == 0 { "10 21" } else { "21 10" })
            .file(&format!("{folder}/meminfo"), &format!("Node {node} MemTotal: 263000000 kB"));
    }
    tree.file("/proc/meminfo", "MemTotal: 526000000 kB").file("/proc/mounts", "");
    tree
}
