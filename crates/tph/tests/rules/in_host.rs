//! A host with TPH support of its own: what it holds the requester for is what the rules hold it for,
//! and what they negotiated counts.

use crate::fake::{Entries, Fake, HostTph};
use tph::{
    AccessError, AcpiUid, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DsmCall, Entry, Error,
    FirmwareError, Function, MemoryType, Requester, StIndex, StMode, State, TagSource,
};

const TABLE_OF_8: u32 = 0x0007_0307;
const IN_MSIX: u32 = 0x0007_0507;
const MODE: StMode = StMode::DeviceSpecific;

fn hosted(register: u32) -> Fake {
    let mut fake = Fake::new(register);
    fake.host = Some(HostTph::default());
    fake
}

fn host(fake: &mut Fake) -> &mut HostTph {
    fake.host.as_mut().unwrap()
}

fn open(fake: &mut Fake) -> Requester {
    let mut requester = Requester::probe(fake).unwrap();
    requester.open(fake).unwrap();
    requester
}

fn batch() -> Entries {
    let source = |cpu| TagSource::Cpu { cpu: CpuId(cpu), memory: MemoryType::Volatile };
    Entries::new([1, 2].map(|n| Entry { index: StIndex(n), source: source(u32::from(n)) }))
}

fn mode_of(requester: &Requester) -> Option<StMode> {
    match requester.state() {
        State::Enabled { mode, .. } => Some(mode),
        State::Disabled => None,
    }
}

type Step = fn(&mut Requester, &mut Fake) -> Result<(), Error>;

const STEPS: [(&str, Step); 9] = [
    ("enable", |requester, fake| requester.enable(MODE, fake)),
    ("program", |requester, fake| requester.program(&mut batch(), fake)),
    ("restore", |requester, fake| requester.restore(fake)),
    ("recover", |requester, fake| requester.recover(fake)),
    ("enable what lost its registers", |requester, fake| {
        fake.set_control(0);
        requester.enable(MODE, fake)
    }),
    ("release_vectors", |requester, fake| requester.release_vectors(fake)),
    ("disable", |requester, fake| requester.disable(fake)),
    ("enable again", |requester, fake| requester.enable(StMode::InterruptVector, fake)),
    ("close", |requester, fake| requester.close(fake)),
];

#[test]
fn the_host_holds_the_requester_for_what_the_rules_hold_it_for_whichever_accesses_fail() {
    for register in [TABLE_OF_8, IN_MSIX] {
        let mut accesses = 0;
        while accesses < 100 {
            for count in [1, 2, 3, usize::MAX] {
                let mut fake = hosted(register);
                let mut requester = open(&mut fake);
                fake.log.clear();
                fake.fail = Some((accesses, count));
                for (name, step) in STEPS {
                    let outcome = step(&mut requester, &mut fake);
                    assert_eq!(
                        host(&mut fake).on,
                        mode_of(&requester),
                        "{register:#x}, {count} accesses fail from {accesses} on: {name}, {outcome:?}"
                    );
                }
            }
            accesses += 1;
        }
    }
}

#[test]
fn the_rules_write_the_width_that_they_negotiated() {
    let mut fake = hosted(TABLE_OF_8);
    let mut requester = open(&mut fake);
    requester.enable(MODE, &mut fake).unwrap();
    assert_eq!((fake.control(), host(&mut fake).on), (0x302, Some(MODE)));
    fake.set_control(0);
    requester.restore(&mut fake).unwrap();
    assert_eq!((fake.control(), host(&mut fake).on), (0x302, Some(MODE)));
}

#[test]
fn a_host_that_refuses_leaves_the_requester_off() {
    let mut fake = hosted(TABLE_OF_8);
    let mut requester = open(&mut fake);
    host(&mut fake).refuses = true;
    assert_eq!(requester.enable(MODE, &mut fake), Err(Error::Access(AccessError::Failed)));
    assert_eq!((fake.control(), requester.state()), (0, State::Disabled));
    host(&mut fake).refuses = false;
    requester.enable(MODE, &mut fake).unwrap();
    host(&mut fake).refuses = true;
    assert_eq!(requester.restore(&mut fake), Err(Error::Access(AccessError::Failed)));
    assert_eq!((fake.control(), requester.state(), host(&mut fake).on), (0, State::Disabled, None));
}

#[test]
fn opening_ends_what_a_former_driver_left_on() {
    let mut fake = hosted(TABLE_OF_8);
    host(&mut fake).on = Some(StMode::InterruptVector);
    fake.set_control(0x301);
    let mut requester = open(&mut fake);
    assert_eq!((fake.control(), host(&mut fake).on), (0, None));
    assert_eq!(requester.enable(MODE, &mut fake), Ok(()));
}

#[test]
fn where_tph_is_switched_off_everything_is_refused_and_open_still_clears() {
    let mut fake = hosted(TABLE_OF_8);
    host(&mut fake).switched_off = true;
    fake.set_control(0x301);
    let mut requester = open(&mut fake);
    assert_eq!(fake.control(), 0);
    assert_eq!(requester.usable().map(drop), Err(Error::SwitchedOff));
    assert_eq!(requester.enable(MODE, &mut fake), Err(Error::SwitchedOff));
    assert_eq!(requester.disable(&mut fake), Err(Error::SwitchedOff));
    assert_eq!(requester.program(&mut batch(), &mut fake), Err(Error::SwitchedOff));
    fake.config[0x140 / 4] = 0;
    assert_eq!(open(&mut fake).usable().map(drop), Err(Error::NoCapability), "this comes first");
}

/// A host that says of itself only what it must.
struct Plain(Fake);

impl ConfigSpace for Plain {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.0.read_config(offset)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.0.write_config(offset, value)
    }
}

impl Function for Plain {
    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        self.0.write_msix_tag(vector, bits)
    }

    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool {
        self.0.msix_vector_allocated(vector)
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        self.0.root_port_device_capabilities_2()
    }

    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        self.0.evaluate_dsm(call, answer)
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        self.0.acpi_uid(cpu)
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        self.0.cpu_presence(cpu)
    }

    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        self.0.caller_may_run_on(cpu)
    }

    fn caller_may_place_threads(&mut self) -> bool {
        self.0.caller_may_place_threads()
    }

    fn direct_tags_allowed(&self) -> bool {
        self.0.direct_tags_allowed()
    }
}

#[test]
fn a_host_without_tph_support_of_its_own_lets_the_rules_alone() {
    let mut plain = Plain(Fake::new(TABLE_OF_8));
    let mut requester = Requester::probe(&mut plain).unwrap();
    requester.open(&mut plain).unwrap();
    requester.enable(MODE, &mut plain).unwrap();
    assert_eq!(mode_of(&requester), Some(MODE));
    requester.disable(&mut plain).unwrap();
    assert_eq!(mode_of(&requester), None);
}
