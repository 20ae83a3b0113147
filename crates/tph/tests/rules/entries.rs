//! What the rules remember of the table: for which CPU each entry was programmed.

use crate::fake::{Entries, Fake};
use crate::program::steer;
use tph::{
    BatchLen, CpuId, CpuStanding, Entry, EntryError, EntryQuery, Error, MemoryType, Programmed,
    Requester, StIndex, StMode, State, TagSource,
};

/// The table in the capability, 8 entries; in MSI-X, 8 vectors; none.
const OWN: u32 = 0x0007_0307;
const MSIX: u32 = 0x0507;
const NONE: u32 = 0x0107;

struct Query(Vec<(StIndex, Option<Programmed>)>);

impl EntryQuery for Query {
    fn length(&self) -> BatchLen {
        BatchLen::new(u32::try_from(self.0.len()).unwrap()).unwrap()
    }

    fn index(&self, position: usize) -> Option<StIndex> {
        self.0.get(position).map(|entry| entry.0)
    }

    fn answer(&mut self, position: usize, entry: Option<Programmed>) {
        self.0[position].1 = entry;
    }
}

fn ask(
    (fake, requester): (&mut Fake, &Requester),
    indices: &[u16],
) -> Result<Vec<Option<Programmed>>, Error> {
    let mut query = Query(indices.iter().map(|index| (StIndex(*index), None)).collect());
    requester.entries(&mut query, fake)?;
    Ok(query.0.into_iter().map(|entry| entry.1).collect())
}

/// The CPUs of all eight entries.
fn cpus(fake: &mut Fake, requester: &Requester) -> Vec<Option<u32>> {
    let all = ask((fake, requester), &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
    all.into_iter().map(|entry| entry.map(|entry| entry.cpu.0)).collect()
}

fn enabled(register: u32) -> (Fake, Requester) {
    let mut fake = Fake::new(register);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.open(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    (fake, requester)
}

fn program(fake: &mut Fake, requester: &mut Requester, entries: &[Entry]) -> Result<(), Error> {
    requester.program(&mut Entries::new(entries.iter().copied()), fake)
}

#[test]
fn each_entry_is_remembered_with_its_cpu_and_memory_wherever_the_table_lies() {
    for register in [OWN, MSIX] {
        let (mut fake, mut requester) = enabled(register);
        let memory = MemoryType::Persistent;
        let persistent = TagSource::Cpu { cpu: CpuId(2), memory };
        let batch = [steer(0, 1), Entry { index: StIndex(7), source: persistent }, steer(3, 0)];
        program(&mut fake, &mut requester, &batch).unwrap();
        let clear = Entry { index: StIndex(3), source: TagSource::Clear };
        program(&mut fake, &mut requester, &[clear]).unwrap();
        fake.log.clear();
        let found = ask((&mut fake, &requester), &[7, 3, 0, 7]).unwrap();
        let of = |cpu, memory| {
            Some(Programmed { cpu: CpuId(cpu), memory, standing: CpuStanding::Reachable })
        };
        let last = of(2, MemoryType::Persistent);
        assert_eq!(found, [last, None, of(1, MemoryType::Volatile), last]);
        assert_eq!(fake.log, [], "no register is touched");
    }
}

#[test]
fn what_becomes_of_a_cpu_is_seen() {
    let (mut fake, mut requester) = enabled(OWN);
    program(&mut fake, &mut requester, &[steer(0, 1), steer(1, 2), steer(2, 3)]).unwrap();
    fake.online = vec![true, false, true];
    fake.may_run_on = vec![0, 1];
    let standings = |fake: &mut Fake, requester: &Requester| {
        let found = ask((fake, requester), &[0, 1, 2]).unwrap();
        found.into_iter().map(|entry| entry.unwrap().standing).collect::<Vec<_>>()
    };
    let (offline, refused) = (CpuStanding::Offline, CpuStanding::NotPermitted);
    assert_eq!(standings(&mut fake, &requester), [offline, refused, offline]);
    fake.online = vec![true; 4];
    fake.may_place = true;
    assert_eq!(standings(&mut fake, &requester), [CpuStanding::Reachable; 3]);
}

#[test]
fn turning_off_and_a_reset_keep_it_and_the_next_user_finds_nothing() {
    for register in [OWN, MSIX] {
        let (mut fake, mut requester) = enabled(register);
        program(&mut fake, &mut requester, &[steer(0, 1)]).unwrap();
        let kept = [Some(1), None, None, None, None, None, None, None];
        requester.disable(&mut fake).unwrap();
        assert_eq!(cpus(&mut fake, &requester), kept);
        requester.restore(&mut fake).unwrap();
        assert_eq!(cpus(&mut fake, &requester), kept);
        requester.open(&mut fake).unwrap();
        assert_eq!(cpus(&mut fake, &requester), [None; 8]);
    }
}

#[test]
fn freed_vectors_forget_and_a_table_in_the_capability_does_not_lie_in_them() {
    for (register, kept) in [(OWN, Some(1)), (MSIX, None)] {
        let (mut fake, mut requester) = enabled(register);
        program(&mut fake, &mut requester, &[steer(0, 1)]).unwrap();
        requester.release_vectors(&mut fake).unwrap();
        assert_eq!(cpus(&mut fake, &requester)[0], kept);
    }
}

#[test]
fn a_failure_at_any_access_leaves_what_the_registers_hold() {
    for register in [OWN, MSIX] {
        for at in 0..12 {
            let (mut fake, mut requester) = enabled(register);
            let all: Vec<Entry> = (0..8).map(|index| steer(index, 2)).collect();
            program(&mut fake, &mut requester, &all).unwrap();
            fake.log.clear();
            fake.fail = Some((at, 1));
            let outcome = program(&mut fake, &mut requester, &[steer(1, 1), steer(2, 1)]);
            let held = |fake: &Fake, index: u16| match register {
                OWN => fake.entry(index),
                _ => fake.msix[usize::from(index)].unwrap(),
            };
            let found = cpus(&mut fake, &requester);
            for index in 0..8 {
                let used = held(&fake, index) != 0;
                let found = found[usize::from(index)];
                assert_eq!(found.is_some(), used, "{register:#x}, entry {index}, access {at}");
            }
            if outcome.is_ok() {
                assert_eq!(found[..3], [Some(2), Some(1), Some(1)]);
            }
        }
    }
}

#[test]
fn what_could_not_be_cleared_is_not_in_use() {
    let (mut fake, mut requester) = enabled(OWN);
    program(&mut fake, &mut requester, &[steer(1, 2)]).unwrap();
    fake.fail = Some((fake.log.len() + 3, 100));
    assert!(program(&mut fake, &mut requester, &[steer(0, 1), steer(2, 1)]).is_err());
    assert_eq!(requester.state(), State::Disabled);
    assert_eq!(cpus(&mut fake, &requester)[..3], [None, Some(2), None]);
}

#[test]
fn it_is_refused_without_a_table_and_past_its_end() {
    let (mut fake, requester) = enabled(OWN);
    let error = EntryError::IndexOutOfRange { index: StIndex(8), entries: 8 };
    let past = ask((&mut fake, &requester), &[7, 8]);
    assert_eq!(past, Err(Error::Entry { position: 1, error }));
    let mut fake = Fake::new(NONE);
    let requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(ask((&mut fake, &requester), &[0]), Err(Error::NoTable));
    let mut fake = Fake::new(0x0607);
    let requester = Requester::probe(&mut fake).unwrap();
    assert!(matches!(ask((&mut fake, &requester), &[0]), Err(Error::Malformed(_))));
    fake.config[0x104 / 4] = 0;
    fake.config[0x100 / 4] = 0;
    let requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(ask((&mut fake, &requester), &[0]), Err(Error::NoCapability));
}
