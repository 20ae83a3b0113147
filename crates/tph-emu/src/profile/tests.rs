//! Profiles as they are read, and as they are refused.

use std::collections::BTreeSet;

use tph::{MemoryType, RequesterType};

use super::*;

const WIDE: RequesterType = RequesterType::ExtendedTph;

const SMALL: &str = r#"
name = "small"
cpus = [
  { id = 0, socket = 0, core = 0, uid = 7 },
  { id = 1, socket = 0, core = 1, uid = 9, online = false },
]
caches = [{ id = 0, level = 3, cpus = "0-1" }]

[[root_ports]]
name = "port0"
bdf = "0000:00:01.0"
bus = 1
completer = 3

[firmware]
words = [{ cpu = 1, word = "0xd4d3c203b2b1a103" }]

[[functions]]
name = "nic0"
bdf = "0000:01:00.0"
root_port = "port0"

[functions.tph]
modes = 7
location = 1
entries = 64
"#;

fn refused(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    Profile::parse("small.toml", &SMALL.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_profile_reads_back_as_it_was_written() {
    let profile = Profile::parse("small.toml", SMALL).unwrap();
    let written = toml::to_string(&profile).unwrap();
    assert_eq!(Profile::parse("written", &written).unwrap(), profile);
    assert_eq!(profile.functions[0].tph.unwrap().register(), tph::Capability(0x003f_0207));
    assert!(profile.cpus[0].online && !profile.cpus[1].online);
}

#[test]
fn the_profiles_of_this_repository_can_be_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["profiles", "tests/profiles", "../../lab/profiles"] {
        let files: Vec<_> = std::fs::read_dir(root.join(folder)).unwrap().collect();
        assert!(!files.is_empty());
        for file in files {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                Profile::read(&path).unwrap();
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let cases = [
        ("id = 1, socket", "id = 0, socket", "small.toml:5:3: cpu 0: id 0 is taken"),
        ("uid = 9", "uid = 7", "small.toml:5:3: cpu 1: uid 7 is taken"),
        ("\"0-1\"", "\"0-2\"", "small.toml:7:11: cache 0: there is no CPU 2"),
        ("level = 3", "level = 5", "small.toml:7:11: cache 0: level is 5, but must be 1 to 4"),
        ("completer = 3", "completer = 4", "small.toml:9:1: root port port0: completer is 4"),
        ("\nbus = 1", "\nbus = 0", "small.toml:9:1: root port port0: bus 0x00 is taken"),
        ("cpu = 1,", "cpu = 5,", "small.toml:15:1: firmware, word of CPU 5: there is no CPU 5"),
        ("t = \"port0\"", "t = \"x\"", "small.toml:18:1: function nic0: there is no root port `x`"),
        ("\"0000:01:00.0\"", "\"0000:02:00.0\"", "function nic0: it sits on bus 0x02, but"),
        ("\"0000:01:00.0\"", "\"0000:00:01.0\"", "function nic0: bdf 0000:00:01.0 is taken"),
        ("modes = 7", "modes = 8", "function nic0: modes is 8, but must be 0 to 7"),
        ("modes = 7", "offset = 0x104", "function nic0: offset is 260, but must be 0x100, or"),
        ("entries = 64", "entries = 2049", "function nic0: entries is 2049"),
        (
            "[firmware]",
            "[misses]\nsteered = 1001\nunsteered = 0\n[firmware]",
            ":15:1: misses: steered is 1001, but must be 0 to 1000",
        ),
        ("root_port =", "queues = 500\nroot_port =", "500 queues need a BAR 0 of 36096 bytes"),
        ("root_port =", "max_payload = 96\nroot_port =", "max_payload is 96"),
    ];
    for (from, to, expected) in cases {
        let error = refused(from, to);
        assert!(error.contains(expected), "{error}\nlacks\n{expected}");
    }
}

#[test]
fn what_is_not_a_profile_is_refused_with_its_place() {
    let cases = [
        ("name = \"small\"", "name = ", "line 2, column"),
        ("completer = 3", "completter = 3", "unknown field `completter`"),
        ("\"0000:00:01.0\"", "\"0000:00:21.0\"", "not a PCI address"),
        ("\"0-1\"", "\"1-0\"", "is not a list of CPUs"),
        ("\"0xd4", "\"d4", "is no 64-bit word"),
        ("bdf = \"0000:01:00.0\"\n", "", "missing field `bdf`"),
    ];
    for (from, to, expected) in cases {
        let error = refused(from, to);
        assert!(error.contains(expected), "{error}\nlacks\n{expected}");
        assert!(error.contains("line "), "{error}");
    }
}

#[test]
fn every_cpu_of_the_demonstration_has_tags_of_its_own() {
    let profile = Profile::demo();
    let firmware = profile.firmware.as_ref().unwrap();
    for memory in [MemoryType::Volatile, MemoryType::Persistent] {
        for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
            let tags: BTreeSet<_> = profile
                .cpus
                .iter()
                .map(|cpu| word_of(&profile, firmware, cpu.id).tag(memory, requester).unwrap())
                .inspect(|tag| assert_ne!(tag.entry_bits(), 0))
                .collect();
            assert_eq!(tags.len(), profile.cpus.len());
        }
    }
    assert!(profile.cpus.iter().all(|cpu| cpu.uid != cpu.id));
}

/// A tag of the wrong width, the wrong memory or the wrong CPU is not taken for the right one.
#[test]
fn on_a_host_of_64_cpus_no_tag_is_another_or_its_lower_byte() {
    let mut profile = Profile::demo();
    let cpu = |id| Cpu { id, socket: 0, core: id, uid: id, online: true };
    profile.cpus = (0..64).map(cpu).collect();
    let firmware = profile.firmware.clone().unwrap();
    let (mut narrow, mut low, mut wide) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for cpu in 0..64 {
        for memory in [MemoryType::Volatile, MemoryType::Persistent] {
            let word = word_of(&profile, &firmware, cpu);
            let tag = |requester| word.tag(memory, requester).unwrap().entry_bits();
            let (short, long) = (tag(RequesterType::Tph), tag(RequesterType::ExtendedTph));
            assert!(narrow.insert(short), "8-bit tag {short:#x} of CPU {cpu} is taken");
            assert!(wide.insert(long), "16-bit tag {long:#x} of CPU {cpu} is taken");
            low.insert(long & 0xff);
        }
    }
    assert!(!narrow.contains(&0) && !wide.contains(&0));
    assert_eq!(narrow.intersection(&low).collect::<Vec<_>>(), [&0; 0]);
}

/// README.md shows them.
#[test]
fn the_16_bit_tags_of_the_demonstration_stay_as_they_are() {
    let profile = Profile::demo();
    let firmware = profile.firmware.as_ref().unwrap();
    let tag = |cpu| word_of(&profile, firmware, cpu).tag(MemoryType::Volatile, WIDE).unwrap();
    let tags = [0, 2, 4, 6, 8, 10, 12, 14].map(|cpu| tag(cpu).entry_bits());
    assert_eq!(tags, [0x4003, 0x400d, 0x4117, 0x4121, 0x422b, 0x4235, 0x433f, 0x4349]);
}

#[test]
fn firmware_marks_the_tags_valid_that_it_is_told_to() {
    let mut profile = Profile::demo();
    let mut firmware = profile.firmware.take().unwrap();
    firmware.valid = vec![TagKind::Persistent16];
    let word = word_of(&profile, &firmware, 3);
    assert!(word.tag(MemoryType::Persistent, RequesterType::ExtendedTph).is_some());
    assert_eq!(word.tag(MemoryType::Persistent, RequesterType::Tph), None);
    assert_eq!(word.tag(MemoryType::Volatile, RequesterType::ExtendedTph), None);
}
