//! `tph verify`: each kind of drift, and of what is not compared, as a host brings it about.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{file, json, run};
use serde_json::Value;
use tempfile::NamedTempFile;
use tph::{Control, RequesterEnable, RequesterType, StMode};
use tph_lab_hosts::{Tree, known};

const NIC: &str = "0000:01:00.0";
const BEHIND: &str = "0000:83:00.0";

/// A host, the function that is looked at, and its plan: queue 0 interrupts with vector 1.
struct Rig {
    tree: Tree,
    address: &'static str,
    plan: NamedTempFile,
}

impl Rig {
    fn new(tree: Tree, address: &'static str) -> Self {
        let text = format!(
            "version = 1\ndevice = \"{address}\"\nmode = \"device-specific\"\n\
             [[queue]]\nnumber = 0\ncpu = 3\nentry = 0\nvector = 1\n\
             [[entry]]\nindex = 0\ncpu = 3\n[[entry]]\nindex = 1\ncpu = 9\n"
        );
        Self { tree, address, plan: file(&text) }
    }

    fn root(&self) -> &str {
        self.tree.path().to_str().unwrap()
    }

    /// A file of the function.
    fn at(&self, name: &str) -> String {
        format!("/sys/bus/pci/devices/{}/{name}", self.address)
    }

    /// Turns TPH on in this mode, with these entries.
    fn on(&self, mode: StMode, entries: &[u16]) {
        let shown = json(&["show", self.address, "--sysroot", self.root(), "--json"]);
        let offset = usize::try_from(shown["function"]["tph"]["offset"].as_u64().unwrap()).unwrap();
        let path = self.tree.at(&self.at("config"));
        let mut space = fs::read(&path).unwrap();
        let enable = RequesterEnable::On(RequesterType::ExtendedTph);
        let control = Control(0).with_mode(mode).with_enable(enable).0.to_le_bytes();
        let entries = entries.iter().flat_map(|entry| entry.to_le_bytes());
        let registers: Vec<u8> = control.into_iter().chain(entries).collect();
        space[offset + 8..offset + 8 + registers.len()].copy_from_slice(&registers);
        fs::write(path, space).unwrap();
    }

    /// What a user without rights sees of it.
    fn hide_registers(&self) {
        let path = self.tree.at(&self.at("config"));
        let space = fs::read(&path).unwrap();
        fs::write(path, &space[..64]).unwrap();
    }

    fn interrupt(&self, irq: u32, cpus: Option<&str>) {
        self.tree.file(&self.at(&format!("msi_irqs/{irq}")), "msix");
        if let Some(cpus) = cpus {
            self.tree.file(&format!("/proc/irq/{irq}/smp_affinity_list"), cpus);
        }
    }

    /// Compares; the kinds of drifts and of what is not compared are added to these.
    fn verify(&self, [drifts, not_compared]: [&mut BTreeSet<String>; 2], more: &[&str]) {
        let plan = self.plan.path().to_str().unwrap();
        let words = ["verify", plan, "--sysroot", self.root(), "--json"];
        let answer = run(&[&words[..], more].concat());
        let report: Value = serde_json::from_str(&answer.out).expect(&answer.err);
        for (kinds, field) in [(drifts, "drifts"), (not_compared, "not_compared")] {
            let found = report[field].as_array().unwrap().iter();
            kinds.extend(found.map(|it| it["kind"].as_str().unwrap().to_owned()));
        }
    }
}

/// The kinds that docs/command.md has in the line that begins so.
fn documented(start: &str) -> BTreeSet<String> {
    let text = include_str!("../../../docs/command.md");
    let line = text.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_kind_that_is_documented_comes_of_something_that_happened() {
    let (mut drifts, mut not_compared) = (BTreeSet::new(), BTreeSet::new());
    let mut expect = |rig: &Rig, more: &[&str], new: [&[&str]; 2]| {
        let before = [drifts.clone(), not_compared.clone()];
        rig.verify([&mut drifts, &mut not_compared], more);
        for ((now, before), new) in [&drifts, &not_compared].into_iter().zip(before).zip(new) {
            let found: Vec<_> = now.difference(&before).collect();
            assert_eq!(found, new, "{more:?}");
        }
    };
    let rig = Rig::new(known::demo(), NIC);
    expect(&rig, &[], [&["off"], &["vectors"]]);
    rig.on(StMode::InterruptVector, &[0, 0x4230, 7]);
    expect(&rig, &[], [&["empty-entry", "other-mode", "stray-entry"], &[]]);
    rig.interrupt(70, Some("0"));
    expect(&rig, &[], [&["no-vector"], &[]]);
    rig.interrupt(71, None);
    expect(&rig, &[], [&[], &["interrupt"]]);
    rig.interrupt(71, Some("4"));
    expect(&rig, &[], [&["interrupt"], &[]]);
    rig.tree.file("/sys/devices/system/cpu/online", "0-8,10-15");
    expect(&rig, &[], [&["cpu-not-online"], &[]]);
    rig.tree.file("/proc/42/task/42/status", "Name:\tpoll\nCpus_allowed_list:\t0-15");
    expect(&rig, &["--pid", "42"], [&["no-thread"], &[]]);
    rig.hide_registers();
    expect(&rig, &[], [&[], &["mode"]]);
    rig.tree.file(&rig.at("tph/mode"), "device-specific");
    rig.tree.file(&rig.at("tph/entries_in_use"), "1");
    expect(&rig, &[], [&["entry-count"], &[]]);
    rig.tree.file(&rig.at("tph/entries_in_use"), "2");
    expect(&rig, &[], [&[], &["which-entries"]]);
    let msix = Rig::new(known::behind_a_switch(), BEHIND);
    msix.on(StMode::DeviceSpecific, &[]);
    expect(&msix, &[], [&[], &["entries"]]);
    assert_eq!(drifts, documented("A drift's `kind`:"));
    assert_eq!(not_compared, documented("The `kind` of what is not compared:"));
}
