//! `tph plan`

mod common;

use common::{file, json, output, profile, run};
use insta::assert_snapshot;
use tph_lab_hosts::{Tree, known};

/// What it says of a device of a saved host, and how it exits.
fn on(tree: &Tree, arguments: &[&str]) -> String {
    let root = tree.path().to_str().unwrap();
    let answer = run(&[&["plan"], arguments, &["--sysroot", root]].concat());
    format!("{}{}exit code {}\n", answer.out, answer.err, answer.code.unwrap())
}

#[test]
fn queues_share_entries_by_their_caches_when_there_are_too_few() {
    let source = profile("narrow");
    assert_snapshot!(output(&["plan", "nic0", &source, "--queues", "0-9", "--cpus", "0-1,3"]));
    // 16 CPUs with four L3 caches, and a table of six entries.
    let demo = include_str!("../../tph-emu/profiles/demo.toml");
    let small = file(&demo.replace("entries = 64", "entries = 6"));
    let source = format!("--emulated={}", small.path().display());
    assert_snapshot!(output(&["plan", "nic0", &source, "--queues", "0-15", "--cpus", "0-15"]));
    let three = file(&demo.replace("entries = 64", "entries = 3"));
    let source = format!("--emulated={}", three.path().display());
    let arguments = ["plan", "nic0", &source, "--queues", "0-15", "--cpus", "0-15"];
    let said = output(&arguments);
    assert!(said.contains("not steered: no entry is left"), "{said}");
}

#[test]
fn a_queue_that_is_tied_may_land_elsewhere() {
    let queues = "version = 1\ndevice = \"x\"\nmode = \"device-specific\"\n\
        [[queue]]\nnumber = 0\ncpu = 0\nentry = 5\ntied = true\n\
        [[queue]]\nnumber = 1\ncpu = 0\nentry = 5\ntied = true\n\
        [[queue]]\nnumber = 2\ncpu = 15\nentry = 5\ntied = true\n\
        [[queue]]\nnumber = 3\ncpu = 1\n";
    let queues = file(queues);
    let path = queues.path().to_str().unwrap();
    assert_snapshot!(output(&["plan", "nic0", "--emulated", "--from", path]));
}

#[test]
fn json_has_the_plan() {
    let arguments = ["plan", "nic0", "--emulated", "--json", "--tied", "--queue", "0=3", "5=9"];
    insta::assert_json_snapshot!(json(&arguments));
}

#[test]
fn interrupts_tell_who_polls() {
    let tree = known::behind_a_switch();
    for (irq, cpus) in [(70, "0-15"), (71, "3"), (72, "9"), (73, "3")] {
        tree.file(&format!("/sys/bus/pci/devices/0000:83:00.0/msi_irqs/{irq}"), "msix")
            .file(&format!("/proc/irq/{irq}/effective_affinity_list"), cpus);
    }
    assert_snapshot!(on(&tree, &["83:00.0", "--irqs", "--first-vector", "1"]));
    let said = on(&tree, &["83:00.0", "--irqs"]);
    assert_eq!(
        said,
        "error: 83:00.0: vector 0 (IRQ 70) goes to no single CPU\n  next: Give it one, as root: echo \
         CPU > /proc/irq/70/smp_affinity_list.\nexit code 1\n"
    );
    let said = on(&tree, &["83:00.0", "--irqs", "--first-vector", "4"]);
    assert!(said.starts_with("error: 83:00.0: no MSI or MSI-X vector from 4 on is set up\n"));
}

#[test]
fn threads_tell_who_polls() {
    let tree = known::demo();
    let thread = |id: u32, name: &str, cpus: &str| {
        let status = format!("Name:\t{name}\nCpus_allowed_list:\t{cpus}");
        tree.file(&format!("/proc/42/task/{id}/status"), &status);
    };
    thread(42, "main", "0");
    thread(43, "poll-0", "4");
    thread(44, "log", "0-15");
    thread(45, "poll-1", "12");
    let arguments = ["01:00.0", "--pid", "42", "--threads", "poll"];
    assert_snapshot!(on(&tree, &arguments));
    let said = on(&tree, &["01:00.0", "--pid", "42", "--threads", "log"]);
    assert!(said.starts_with("error: process 42: no thread named log… is pinned to one CPU\n"));
    let said = on(&tree, &["01:00.0", "--pid", "7"]);
    assert_eq!(
        said,
        "error: process 7: there is no such process here\n  next: See which there are: ps \
         -e.\nexit code 1\n"
    );
}

#[test]
fn a_plan_in_a_file_makes_the_same_plan() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (one, two) = (path("one"), path("two"));
    let queues = ["--queue", "0=3", "1=9", "2=9"];
    output(&[&["plan", "nic0", "--emulated", "-o", &one], &queues[..]].concat());
    output(&["plan", "nic0", "--emulated", "-o", &two, "--from", &one]);
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&one), read(&two));
    assert_snapshot!(read(&one));
}

#[test]
fn what_makes_no_plan_is_refused() {
    let refused = |arguments: &[&str]| {
        let answer = run(&[&["plan", "nic0", "--emulated"], arguments].concat());
        assert_eq!(answer.out, "");
        format!("{}exit code {}\n", answer.err, answer.code.unwrap())
    };
    let cases = [
        refused(&["--queue", "0=77"]),
        refused(&["--queue", "0=1", "1=2", "0=3"]),
        refused(&["--queues", "0-3"]),
        refused(&["--queues", "0-1", "--cpus", "0-5"]),
        refused(&["--tied", "--queue", "64=1"]),
        refused(&["--from", "/nonexistent/plan.toml"]),
        refused(&["--queue", "0=1", "-o", "/nonexistent/plan.toml"]),
        refused(&["--irqs"]),
    ];
    assert_snapshot!(cases.join("\n"));
    let offline = run(&["plan", "nic0", &profile("narrow"), "--queue", "0=2"]);
    assert_eq!(
        offline.err,
        "error: 0000:01:00.0: queue 0: CPU 2 is not online; choose one that is\n  next: See which \
         are: cat /sys/devices/system/cpu/online.\n"
    );
    // What a user without root is shown of configuration space.
    let tree = known::demo();
    let config = tree.at("/sys/bus/pci/devices/0000:01:00.0/config");
    std::fs::write(&config, &std::fs::read(&config).unwrap()[..64]).unwrap();
    assert_eq!(
        on(&tree, &["01:00.0", "--queue", "0=2"]),
        "error: 0000:01:00.0: the dump ends after 64 bytes\nexit code 1\n"
    );
    assert!(refused(&[]).ends_with("exit code 2\n"));
    assert!(refused(&["--queue", "0=1", "--irqs"]).ends_with("exit code 2\n"));
}

#[test]
fn a_port_that_keeps_16_bit_tags_back_is_warned_of() {
    let tree = known::behind_a_switch();
    assert_snapshot!(on(&tree, &["84:00.0", "--queue", "0=3"]));
    assert!(!on(&tree, &["83:00.0", "--queue", "0=3"]).contains("warning"), "it passes them");
}
