//! Names that others chose never control the terminal, nor does what an error quotes of a file.

mod common;

use common::{file, profile, tph};
use tph_lab_hosts::{Tree, known};

/// A bell, a colour, a title, the same in C1, another direction of writing, a byte that is not seen.
const HOSTILE: &str = "evil\u{7}\u{1b}[31m\u{1b}]0;x\u{7}\u{9b}32m\u{85}\u{202e}\u{200b}\u{7f}";

/// Everything that the command reads of a host and may show, as an enemy would name it.
fn host() -> Tree {
    let tree = known::demo();
    let device = "/sys/bus/pci/devices/0000:01:00.0";
    let driver = format!("/sys/bus/pci/drivers/{HOSTILE}");
    std::fs::remove_file(tree.at(device).join("driver")).unwrap();
    tree.make(&driver).link(&format!("{device}/driver"), &driver);
    tree.link(
        &format!("/sys/class/net/{HOSTILE}"),
        "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/net/x",
    );
    tree.file("/proc/sys/kernel/osrelease", HOSTILE)
        .file("/proc/cmdline", &format!("pci=notph iommu=off{HOSTILE} intel_iommu=on"))
        .file("/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds", HOSTILE)
        .file("/sys/fs/resctrl/info/L3/io_alloc", HOSTILE)
        .file("/sys/devices/system/cpu/online", &format!("0-8,10-15{HOSTILE}"))
        .file(&format!("{device}/tph/mode"), HOSTILE)
        .file("/proc/42/task/43/status", &format!("Name:\t{HOSTILE}\nCpus_allowed_list:\t4"))
        .make(&format!("/sys/bus/pci/devices/{HOSTILE}"));
    tree
}

/// What a terminal would take for a command, but for the colours that this command writes itself, and
/// what the enemy wrote and nobody sees: which characters those are, the command's own `safe` says.
fn commands(text: &str) -> Vec<char> {
    let colours = ["[0m", "[1m", "[2m", "[4m", "[31m", "[32m", "[33m", "[36m"];
    let without = |text: String, colour: &&str| text.replace(&format!("\u{1b}{colour}"), "");
    let text = colours.iter().fold(text.to_owned(), without);
    let bad = |c: &char| match c {
        '\n' => false,
        c => c.is_control() || (!c.is_ascii() && HOSTILE.contains(*c)),
    };
    text.chars().filter(bad).collect()
}

#[test]
fn no_answer_and_no_error_passes_them_on() {
    let tree = host();
    let root = tree.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let hostile_file = folder.path().join(HOSTILE);
    let hostile_file = hostile_file.to_str().unwrap();
    let demo = include_str!("../../tph-emu/profiles/demo.toml");
    let quoted: Vec<_> = HOSTILE.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect();
    let quoted = quoted.concat();
    let hostile_profile = demo.replace("\"nic0\"", &format!("\"{quoted}\""));
    assert!(hostile_profile.contains(&quoted));
    let named = file(&hostile_profile);
    let emulated = format!("--emulated={}", named.path().display());
    let head = "version = 1\nmode = \"device-specific\"\n[[entry]]\nindex = 0\ncpu = 9\n";
    let plan = file(&format!("device = \"01:00.0\"\n{head}"));
    let plan = plan.path().to_str().unwrap();
    let plan_of = file(&format!("device = \"{quoted}\"\n{head}"));
    let plan_of = plan_of.path().to_str().unwrap();
    let broken = file(&format!("device = \"{HOSTILE}\"\n{HOSTILE}\n"));
    let broken = broken.path().to_str().unwrap();
    std::fs::write(hostile_file, "no dump\u{1b}[2J\n").unwrap();
    let no_dump = file(&format!("01:00.0 {HOSTILE}\n00: {HOSTILE}\n"));
    let no_dump = no_dump.path().to_str().unwrap();
    let capture = folder.path().join(format!("saved{HOSTILE}"));
    let unknown = format!("{HOSTILE}x");
    let mut calls = Vec::new();
    for verb in [
        &["list", "--all"][..],
        &["show", "01:00.0"],
        &["explain", "01:00.0"],
        &["map", "--all"],
        &["map", "01:00.0", "--queue", "0=0"],
        &["plan", "01:00.0", "--queue", "0=0"],
        &["plan", "01:00.0", "--queue", "0=9"],
        &["plan", "01:00.0", "--pid", "42", "--threads", HOSTILE],
        &["plan", "01:00.0", "--pid", "42", "--threads", &unknown],
        &["show", HOSTILE],
        &["verify", plan],
        &["verify", plan_of],
        &["verify", broken],
        &["verify", hostile_file],
        &["apply", plan, "--dry-run"],
        &["capture", capture.to_str().unwrap()],
        &["map", "--svg", hostile_file],
    ] {
        calls.push([verb, &["--sysroot", root]].concat());
    }
    for verb in [
        &["list"][..],
        &["show", "01:00.0"],
        &["show", HOSTILE],
        &["explain", "01:00.0"],
        &["map", "01:00.0", "--queue", "0=0"],
        &["plan", "01:00.0", "--queue", "0=0", "-o", hostile_file],
        &["apply", plan_of, "--dry-run"],
        &["verify", plan_of],
    ] {
        calls.push([verb, &[&emulated]].concat());
    }
    let broken_profile = format!("--emulated={broken}");
    let nowhere = format!("--emulated={HOSTILE}");
    calls.extend([
        vec!["list", "--dump", no_dump],
        vec!["list", "--dump", hostile_file],
        vec!["list", "--dump", HOSTILE],
        vec!["list", &broken_profile],
        vec!["list", &nowhere],
        vec![HOSTILE],
        vec!["list", HOSTILE],
        vec!["dmabuf", "--root", root],
    ]);
    let narrow = profile("narrow");
    calls.push(vec!["show", HOSTILE, &narrow]);
    for call in calls {
        for form in [None, Some("-j"), Some("-p")] {
            let mut command = tph(&call);
            let output = command.args(form).env("CLICOLOR_FORCE", "1").output().unwrap();
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).unwrap();
                assert!(commands(&text).is_empty(), "{call:?} {form:?}: {text:?}");
                // Its own red is not taken from a name either.
                assert!(!text.contains("evil\u{fffd}\u{1b}"), "{call:?} {form:?}: {text:?}");
            }
        }
    }
}
