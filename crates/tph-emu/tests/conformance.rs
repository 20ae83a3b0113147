//! The emulated host answers as every server of the interface must. The same cases run against the
//! module in the lab's guest.

use std::path::Path;

use tph::{ConfigOffset, CpuId, MemoryType, RequesterType, SteeringTag};
use tph_abi::{Errno, Transport};
use tph_conformance::{Facts, Subject, cases};
use tph_emu::profile::Cpu;
use tph_emu::{Caller, EmuDevice, Host, Profile, SharedHost};

struct Emulated {
    host: SharedHost,
    device: Option<EmuDevice>,
}

fn profile() -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/profiles/tests.toml");
    Profile::read(&path).expect("the lab's profile is good")
}

impl Emulated {
    fn new() -> Self {
        let host = SharedHost::new(Host::new(&profile()));
        let mut subject = Self { host, device: None };
        subject.reopen();
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
        let function = self.host.lock().function_named("nic0").expect("it has nic0");
        let device = EmuDevice::open(&self.host, function, Caller::anywhere());
        self.device = Some(device.expect("it opens"));
    }
}

/// What the firmware of the profile says; `nic0` and its root port agree on 16-bit tags.
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
        persistent: cpus.first().and_then(|cpu| tag(cpu, MemoryType::Persistent)),
        absent: CpuId(u32::try_from(cpus.len()).expect("few")),
    }
}

#[test]
fn the_emulated_host_passes_every_case() {
    let facts = facts();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in cases() {
        count += 1;
        if let Err(why) = (case.run)(&mut Emulated::new(), &facts) {
            failures.push(format!("{}: {why}", case.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(count > 20, "only {count} cases");
}

/// A server that breaks one rule fails the case of that rule: the cases can fail.
#[test]
fn a_server_that_enables_twice_is_found_out() {
    struct Broken(Emulated);

    impl Transport for Broken {
        fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
            match self.0.call(request) {
                Err(Errno::EBUSY) => Ok(()),
                other => other,
            }
        }
    }

    impl Subject for Broken {
        fn config(&mut self, offset: ConfigOffset) -> u32 {
            self.0.config(offset)
        }
        fn reset(&mut self) {
            self.0.reset();
        }
        fn reopen(&mut self) {
            self.0.reopen();
        }
    }

    let facts = facts();
    let failed: Vec<_> = cases()
        .filter(|case| (case.run)(&mut Broken(Emulated::new()), &facts).is_err())
        .map(|case| case.name)
        .collect();
    assert_eq!(failed, ["enabling_twice_is_busy"]);
}
