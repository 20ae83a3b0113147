//! The saved hosts were gathered with masks of CPUs and without lists of them. Every kernel that this
//! project runs on has both, and it reads the lists: they are made of the masks.

use super::parse::mask;
use std::fs;
use std::path::Path;
use tph_lab_hosts::Tree;

const CPUS: &str = "sys/devices/system/cpu";
const NODES: &str = "sys/devices/system/node";

/// What concerns CPUs of the host in `folder`, with the lists.
pub(super) fn complete(folder: &Path) -> Result<Tree, String> {
    let tree = Tree::new();
    let mut online = Vec::new();
    for cpu in numbered(folder, CPUS, "cpu") {
        let place = format!("{CPUS}/cpu{cpu}");
        // Absent where a CPU cannot be turned off.
        let off = text(folder, &format!("{place}/online")).is_some_and(|state| state == "0");
        if off || !folder.join(&place).join("topology").is_dir() {
            continue;
        }
        online.push(cpu);
        for file in ["physical_package_id", "die_id", "core_id"] {
            copy(&tree, folder, &format!("{place}/topology/{file}"));
        }
        for index in numbered(folder, &format!("{place}/cache"), "index") {
            let place = format!("{place}/cache/index{index}");
            for file in ["level", "type", "size", "id"] {
                copy(&tree, folder, &format!("{place}/{file}"));
            }
            list(&tree, folder, &place, "shared_cpu_map", "shared_cpu_list")?;
        }
    }
    tree.file(&format!("/{CPUS}/online"), &joined(&online));
    let nodes = numbered(folder, NODES, "node");
    for node in &nodes {
        list(&tree, folder, &format!("{NODES}/node{node}"), "cpumap", "cpulist")?;
    }
    tree.file(&format!("/{NODES}/online"), &joined(&nodes));
    Ok(tree)
}

/// Whether the kernel of the host knew NUMA nodes.
pub(super) fn has_nodes(folder: &Path) -> bool {
    !numbered(folder, NODES, "node").is_empty()
}

fn list(tree: &Tree, folder: &Path, place: &str, from: &str, to: &str) -> Result<(), String> {
    if let Some(bits) = text(folder, &format!("{place}/{from}")) {
        tree.file(&format!("/{place}/{to}"), &mask(&bits)?.to_string());
    }
    Ok(())
}

fn copy(tree: &Tree, folder: &Path, place: &str) {
    if let Some(text) = text(folder, place) {
        tree.file(&format!("/{place}"), &text);
    }
}

fn text(folder: &Path, place: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(place)).ok()?;
    // Some end with a NUL.
    Some(text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// The numbers in the names of a folder's members that begin so, in order.
fn numbered(folder: &Path, place: &str, prefix: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder.join(place)).into_iter().flatten().flatten();
    let number = |name: String| name.strip_prefix(prefix)?.parse().ok();
    let mut numbers: Vec<u32> =
        entries.filter_map(|entry| number(entry.file_name().into_string().ok()?)).collect();
    numbers.sort_unstable();
    numbers
}

fn joined(numbers: &[u32]) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}
