//! The emulated host answers as every server of the interface must. The same cases run against the
//! module in the lab's guest.

use std::path::Path;

use tph::{ConfigOffset, CpuId, MemoryType, RequesterType, SteeringTag};
use tph_abi::layout::{self, entry, op};
use tph_abi::{CLEAR_CPU, Errno, Operation, Transport};
use tph_conformance::{Case, Facts, Subject, cases, direct_cases};
use tph_emu::profile::Cpu;
use tph_emu::{Caller, DirectTags, EmuDevice, Host, Profile, SharedHost};

struct Emulated {
    host: SharedHost,
    name: &'static str,
    device: Option<EmuDevice>,
}

fn profile() -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/profiles/tests.toml");
    Profile::read(&path).expect("the lab's profile is good")
}

impl Emulated {
    /// The function of this name.
    fn new(name: &'static str) -> Self {
        let host = SharedHost::new(Host::new(&profile()));
        let mut subject = Self { host, name, device: None };
        subject.reopen();
        subject
    }

    /// The function with a table of its own.
    fn nic() -> Self {
        Self::new("nic0")
    }

    /// The function without a table, on a host that shows tags to drivers.
    fn direct() -> Self {
        let subject = Self::new("direct");
        subject.host.lock().set_direct_tags(DirectTags::Allowed);
        subject
    }
}

impl Transport for Emulated {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.device.as_mut().expect("open").call(request)
    }
}

impl Subject for Emulated {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        let function = self.device.as_ref().expect("open").function();
        self.host.lock().config_dword(function, offset)
    }

    fn reset(&mut self) {
        self.device.as_ref().expect("open").reset().expect("the function can be reset");
    }

    fn reopen(&mut self) {
        self.device = None;
        let function = self.host.lock().function_named(self.name).expect("it is there");
        let device = EmuDevice::open(&self.host, function, Caller::anywhere());
        self.device = Some(device.expect("it opens"));
    }
}

/// What the firmware of the profile says; both functions and their root ports agree on 16-bit tags.
fn facts() -> Facts {
    let host = Host::new(&profile());
    let firmware = host.firmware().expect("it names tags");
    let tag = |cpu: &Cpu, memory| -> Option<SteeringTag> {
        let (_, word) = firmware.words().find(|(uid, _)| uid.0 == cpu.uid)?;
        word.tag(memory, RequesterType::ExtendedTph)
    };
    let cpus = &host.profile().cpus;
    let volatile =
        cpus.iter().filter_map(|cpu| Some((CpuId(cpu.id), tag(cpu, MemoryType::Volatile)?)));
    Facts {
        cpus: volatile.collect(),
        persistent: tag(&cpus[0], MemoryType::Persistent).expect("it names both"),
        absent: CpuId(u32::try_from(cpus.len()).expect("few")),
    }
}

fn failures<S: Subject>(cases: impl Iterator<Item = Case>, open: impl Fn() -> S) -> Vec<String> {
    let facts = facts();
    let fails = |case: Case| {
        let why = (case.run)(&mut open(), &facts).err()?;
        Some(format!("{}: {why}", case.name))
    };
    cases.filter_map(fails).collect()
}

#[test]
fn the_emulated_host_passes_every_case() {
    let failures = failures(cases(), Emulated::nic);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let failures = self::failures(direct_cases(), Emulated::direct);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(cases().count() > 20 && direct_cases().count() > 10);
}

/// What is answered to a request, from what the host answered.
type Answer = fn(&[u8], Result<(), Errno>) -> Result<(), Errno>;

/// A server that breaks a rule.
struct Broken {
    inner: Emulated,
    answer: Answer,
}

impl Transport for Broken {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let outcome = self.inner.call(request);
        (self.answer)(request, outcome)
    }
}

impl Subject for Broken {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        self.inner.config(offset)
    }
    fn reset(&mut self) {
        self.inner.reset();
    }
    fn reopen(&mut self) {
        self.inner.reopen();
    }
}

/// The case of the rule fails: the cases can fail.
#[test]
fn a_server_that_enables_twice_is_found_out() {
    let open = || Broken {
        inner: Emulated::nic(),
        answer: |_, outcome| if outcome == Err(Errno::EBUSY) { Ok(()) } else { outcome },
    };
    let failed = failures(cases(), open);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("enabling_twice_is_busy"), "{failed:?}");
}

#[test]
fn a_server_with_a_tag_for_the_cpu_that_clears_is_found_out() {
    let open = || Broken {
        inner: Emulated::direct(),
        answer: |request, outcome| {
            let get_st = op::OP.read(request, 0) == Some(Operation::GetSt.number());
            let clears = entry::CPU.read(request, layout::st_size(0)) == Some(CLEAR_CPU);
            if get_st && clears { Ok(()) } else { outcome }
        },
    };
    let failed = failures(direct_cases(), open);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].starts_with("a_cpu_that_does_not_exist_has_no_tag"), "{failed:?}");
}
