//! The test itself is tested: two emulated hosts are equal, and one that breaks a rule is found out
//! by a sequence of the fewest steps that can show it.

use std::path::{Path, PathBuf};

use tph::ConfigOffset;
use tph_abi::{Errno, Transport};
use tph_conformance::Subject;
use tph_differential::{Campaign, Emulated, Mismatch, Pair, Rights, Side, Step, Target, Totals};
use tph_emu::{DirectTags, Profile};

/// How a broken host differs from a good one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    EnablesTwice,
    LosesBitOfControl,
    SpoilsReply,
    ForgetsTableInReset,
    LetsWritesThrough,
    KeepsVectors,
    IgnoresPinning,
    MovesTag,
}

struct Broken {
    host: Emulated,
    fault: Fault,
    was_reset: bool,
    written: bool,
}

impl Transport for Broken {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.was_reset &= request[4] == 0;
        let outcome = self.host.call(request);
        match (self.fault, outcome) {
            (Fault::EnablesTwice, Err(Errno::EBUSY)) => Ok(()),
            (Fault::SpoilsReply, Ok(())) if request[4] == 0 => {
                request[9] = 1;
                Ok(())
            }
            _ => outcome,
        }
    }
}

impl Subject for Broken {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        let value = self.host.config(offset);
        match self.fault {
            Fault::LosesBitOfControl if offset.get() == 0x108 => value & !0x200,
            Fault::ForgetsTableInReset if self.was_reset && offset.get() >= 0x10c => 0,
            Fault::LetsWritesThrough if self.written && offset.get() == 0x10c => 1,
            _ => value,
        }
    }

    fn reset(&mut self) {
        self.was_reset = true;
        self.host.reset();
    }

    fn reopen(&mut self) {
        (self.was_reset, self.written) = (false, false);
        self.host.reopen();
    }
}

impl Side for Broken {
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno> {
        self.written |= (0x108..0x110).contains(&offset);
        self.host.write_config(offset, bytes)
    }

    fn set_up_vectors(&mut self, count: u16) -> Result<(), Errno> {
        self.host.set_up_vectors(count)
    }

    fn free_vectors(&mut self) -> Result<(), Errno> {
        if self.fault == Fault::KeepsVectors { Ok(()) } else { self.host.free_vectors() }
    }

    fn set_rights(&mut self, rights: Rights) {
        let sys_nice = rights.sys_nice || self.fault == Fault::IgnoresPinning;
        self.host.set_rights(Rights { sys_nice, ..rights });
    }

    fn tags(&mut self, count: u16) -> Vec<u16> {
        let mut tags = self.host.tags(count);
        if self.fault == Fault::MovesTag {
            tags.rotate_left(1);
        }
        tags
    }
}

fn profiles() -> Vec<Profile> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/tph-emu/tests/profiles");
    let mut files: Vec<PathBuf> =
        tests.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Profile::read(file).unwrap()).collect()
}

fn campaign(
    profile: &Profile,
    name: &str,
    fault: Fault,
    sequences: u64,
) -> Result<Totals, Box<Mismatch>> {
    let open = || Emulated::open(profile, name, DirectTags::Allowed).unwrap();
    let mut module = Broken { host: open(), fault, was_reset: false, written: false };
    let mut emulated = open();
    let function = profile.functions.iter().find(|function| function.name == name).unwrap();
    let mut pair = Pair { module: &mut module, emulated: &mut emulated };
    Campaign { seed: 1, sequences, rare: 10 }.run(&mut pair, &Target::of(profile, function))
}

#[test]
fn an_emulated_host_equals_itself_on_every_profile() {
    let mut errnos = std::collections::BTreeSet::new();
    for profile in profiles() {
        let name = profile.functions[0].name.clone();
        let totals = campaign(&profile, &name, Fault::None, 500);
        let totals = totals.unwrap_or_else(|mismatch| panic!("{}: {mismatch}", profile.name));
        assert_eq!(totals.sequences, 500);
        assert!(totals.slow > 10, "{}: {totals}", profile.name);
        errnos.extend(totals.outcomes.into_keys());
    }
    // Every error of docs/abi.md that needs no broken hardware, and success.
    let named = [Errno::EINVAL, Errno::ENXIO, Errno::EBUSY, Errno::ENODEV];
    let named = named.into_iter().chain([Errno::ENODATA, Errno::EOPNOTSUPP]).map(|errno| errno.0);
    for number in named.chain([0]) {
        assert!(errnos.contains(&number), "{} never came: {errnos:?}", Errno(number));
    }
}

fn found(fault: Fault) -> Mismatch {
    found_on(&Profile::demo(), fault)
}

fn found_on(profile: &Profile, fault: Fault) -> Mismatch {
    let mismatch = campaign(profile, &profile.functions[0].name, fault, 3000);
    *mismatch.expect_err("the fault is found")
}

fn kinds(mismatch: &Mismatch) -> Vec<String> {
    let kind = |step: &Step| step.to_string().split([',', ' ', '\n']).next().unwrap().to_owned();
    mismatch.steps.iter().map(kind).collect()
}

#[test]
fn a_host_that_enables_twice_is_found_by_two_requests() {
    let mismatch = found(Fault::EnablesTwice);
    assert_eq!(kinds(&mismatch), ["Enable", "Enable"], "{mismatch}");
    let text = mismatch.to_string();
    assert!(text.ends_with("then: module ok, emulated host EBUSY"), "{text}");
}

#[test]
fn a_bit_that_is_lost_in_a_register_is_found_by_one_request() {
    let mismatch = found(Fault::LosesBitOfControl);
    assert_eq!(kinds(&mismatch), ["Enable"], "{mismatch}");
    assert!(mismatch.to_string().contains("then: register 0x108: module "), "{mismatch}");
}

#[test]
fn a_wrong_byte_in_a_reply_is_found_by_one_request() {
    let mismatch = found(Fault::SpoilsReply);
    assert_eq!(kinds(&mismatch), ["GetCap"], "{mismatch}");
    assert!(mismatch.to_string().contains("byte 9 of the reply: module 0x01"), "{mismatch}");
}

#[test]
fn a_table_that_a_reset_loses_is_found_by_three_steps() {
    let mismatch = found(Fault::ForgetsTableInReset);
    assert_eq!(kinds(&mismatch), ["Enable", "SetSt", "reset"], "{mismatch}");
}

#[test]
fn a_write_that_goes_through_is_found_by_one_byte() {
    let mismatch = found(Fault::LetsWritesThrough);
    assert_eq!(kinds(&mismatch), ["write"], "{mismatch}");
    let Step::Write { bytes, .. } = &mismatch.steps[0] else { panic!("{mismatch}") };
    assert_eq!(bytes, &[0]);
}

fn in_msix() -> Profile {
    let profiles = profiles();
    profiles.into_iter().find(|profile| profile.name == "msix-table").unwrap()
}

#[test]
fn vectors_that_are_not_freed_are_found_by_two_steps() {
    let mismatch = found_on(&in_msix(), Fault::KeepsVectors);
    assert!(mismatch.steps.len() <= 2, "{mismatch}");
}

#[test]
fn a_caller_that_is_not_held_back_is_found_by_three_steps() {
    let mismatch = found(Fault::IgnoresPinning);
    let mut kinds = kinds(&mismatch);
    kinds.sort();
    assert_eq!(kinds, ["Enable", "SetSt", "the"], "{mismatch}");
}

#[test]
fn a_tag_in_the_wrong_vector_is_found_by_three_steps() {
    let mismatch = found_on(&in_msix(), Fault::MovesTag);
    let mut kinds = kinds(&mismatch);
    kinds.sort();
    assert_eq!(kinds, ["Enable", "SetSt", "set"], "{mismatch}");
    assert!(mismatch.to_string().contains("then: tag of vector "), "{mismatch}");
}
