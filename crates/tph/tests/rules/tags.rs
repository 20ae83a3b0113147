//! Tags for a driver that hands them to its device itself.

use crate::fake::{Fake, word_of};
use tph::{
    BatchLen, CpuId, EntryError, Error, MemoryType, Requester, RequesterType, StMode, SteeringTag,
    TagQuery,
};

struct Query(Vec<(u32, MemoryType, Option<SteeringTag>)>);

impl TagQuery for Query {
    fn length(&self) -> BatchLen {
        BatchLen::new(u32::try_from(self.0.len()).unwrap()).unwrap()
    }

    fn wanted(&self, position: usize) -> Option<(CpuId, MemoryType)> {
        self.0.get(position).map(|(cpu, memory, _)| (CpuId(*cpu), *memory))
    }

    fn answer(&mut self, position: usize, tag: SteeringTag) {
        self.0[position].2 = Some(tag);
    }
}

fn query() -> Query {
    Query(vec![(3, MemoryType::Volatile, None), (1, MemoryType::Persistent, None)])
}

#[test]
fn tags_come_in_the_negotiated_width_for_each_kind_of_memory() {
    for (register, width) in [(0x107, RequesterType::ExtendedTph), (0x007, RequesterType::Tph)] {
        let mut fake = Fake::new(register);
        fake.direct_tags = true;
        let mut requester = Requester::probe(&mut fake).unwrap();
        requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
        let mut query = query();
        requester.tags(&mut query, &mut fake).unwrap();
        for (cpu, memory, tag) in query.0 {
            assert_eq!(tag, word_of(cpu).tag(memory, width));
        }
    }
}

#[test]
fn firmware_is_asked_once_what_it_can_and_once_for_each_cpu() {
    let mut fake = Fake::new(0x107);
    fake.direct_tags = true;
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    requester.tags(&mut query(), &mut fake).unwrap();
    requester.tags(&mut query(), &mut fake).unwrap();
    assert_eq!(fake.evaluations, 1 + 2 + 2);
}

#[test]
fn reasons_are_given_in_order() {
    let mut fake = Fake::new(0x0007_0307);
    let mut requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(requester.tags(&mut query(), &mut fake), Err(Error::TableTakesTags));
    let mut fake = Fake::new(0x107);
    let mut requester = Requester::probe(&mut fake).unwrap();
    assert_eq!(requester.tags(&mut query(), &mut fake), Err(Error::DirectTagsNotAllowed));
    fake.direct_tags = true;
    assert_eq!(requester.tags(&mut query(), &mut fake), Err(Error::NotEnabled));
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    let wrong = Error::WrongMode(StMode::InterruptVector);
    assert_eq!(requester.tags(&mut query(), &mut fake), Err(wrong));
    requester.disable(&mut fake).unwrap();
    requester.enable(StMode::DeviceSpecific, &mut fake).unwrap();
    fake.online[1] = false;
    let error = EntryError::CpuOffline(CpuId(1));
    let offline = Error::Entry { position: 1, error };
    assert_eq!(requester.tags(&mut query(), &mut fake), Err(offline));
}
