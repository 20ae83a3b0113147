//! A table in MSI-X: programming it, its vectors, resets.

use crate::fake::{Access, Fake, TPH_AT};
use crate::program::{program, steer, wide};
use tph::{AccessError, EntryError, Error, Requester, StIndex, StMode, State};

#[test]
fn a_table_in_msix_takes_tags_for_allocated_vectors() {
    let mut fake = Fake::new(0x0000_0507);
    fake.msix[6] = None;
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    program((&mut fake, &mut requester), [steer(7, 1), steer(0, 2)]).unwrap();
    assert_eq!((fake.msix[7], fake.msix[0]), (Some(wide(1)), Some(wide(2))));
    for (index, error) in [
        (6, EntryError::VectorNotAllocated(StIndex(6))),
        (8, EntryError::IndexOutOfRange { index: StIndex(8), entries: 8 }),
    ] {
        let outcome = program((&mut fake, &mut requester), [steer(7, 3), steer(index, 1)]);
        assert_eq!(outcome, Err(Error::Entry { position: 1, error }));
    }
    assert_eq!(fake.msix[7], Some(wide(1)));
    fake.fail = Some((fake.log.len() + 3, 1));
    assert!(program((&mut fake, &mut requester), [steer(7, 3), steer(1, 1)]).is_err());
    assert_eq!((fake.msix[7], fake.msix[1], fake.msix[0]), (Some(0), Some(0), Some(wide(2))));
    requester.close(&mut fake).unwrap();
    assert_eq!((fake.msix[0], fake.control()), (Some(0), 0));
}

#[test]
fn vectors_that_are_freed_give_their_tags_back_first() {
    let mut fake = Fake::new(0x0000_0507);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    fake.log.clear();
    requester.release_vectors(&mut fake).unwrap();
    assert_eq!((fake.log.len(), requester.entries_in_use()), (0, 0));
    program((&mut fake, &mut requester), [steer(7, 1), steer(0, 2)]).unwrap();
    assert_eq!(requester.entries_in_use(), 2);
    let on = fake.control();
    fake.log.clear();
    requester.release_vectors(&mut fake).unwrap();
    assert_eq!((fake.msix[7], fake.msix[0], requester.entries_in_use()), (Some(0), Some(0), 0));
    let control = TPH_AT + 8;
    let (off, tags) = (Access::Write(control, on & !0x300), [0, 7].map(|n| Access::MsixTag(n, 0)));
    assert_eq!(fake.log, [off, tags[0], tags[1], Access::Write(control, on)]);
    // Where a register cannot be reached the others are tried, and TPH is not on by mistake.
    program((&mut fake, &mut requester), [steer(7, 1), steer(0, 2)]).unwrap();
    fake.fail = Some((fake.log.len() + 1, 1));
    assert_eq!(requester.release_vectors(&mut fake), Err(Error::Access(AccessError::Failed)));
    assert_eq!((fake.msix[7], fake.control(), requester.entries_in_use()), (Some(0), on, 0));
    program((&mut fake, &mut requester), [steer(7, 1)]).unwrap();
    fake.fail = Some((fake.log.len() + 2, 1));
    assert!(requester.release_vectors(&mut fake).is_err());
    assert_eq!(requester.state(), State::Disabled);
}

#[test]
fn stale_tags_in_msix_wait_for_enable_and_are_not_touched_by_a_reset() {
    let mut fake = Fake::new(0x0000_0507);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    fake.fail = Some((fake.log.len() + 3, 100));
    assert!(program((&mut fake, &mut requester), [steer(7, 1), steer(0, 2)]).is_err());
    assert_eq!((requester.state(), fake.msix[7]), (State::Disabled, Some(wide(1))));
    fake.fail = None;
    fake.log.clear();
    requester.restore(&mut fake).unwrap();
    assert!(!fake.log.iter().any(|access| matches!(access, Access::MsixTag(..))));
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    assert_eq!((fake.msix[7], fake.msix[0]), (Some(0), Some(0)));
    fake.log.clear();
    requester.disable(&mut fake).unwrap();
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    assert!(!fake.log.iter().any(|access| matches!(access, Access::MsixTag(..))), "once is enough");
}

#[test]
fn a_table_in_msix_that_an_error_took_leaves_tph_off() {
    let mut fake = Fake::new(0x0000_0507);
    let mut requester = Requester::probe(&mut fake).unwrap();
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    program((&mut fake, &mut requester), [steer(7, 1)]).unwrap();
    let on = requester.state();
    requester.recover(&mut fake).unwrap();
    assert_eq!(requester.state(), on, "nothing was reset");

    fake.set_control(0);
    fake.log.clear();
    requester.recover(&mut fake).unwrap();
    assert_eq!((requester.state(), fake.control()), (State::Disabled, 0));
    assert!(!fake.log.iter().any(|access| matches!(access, Access::MsixTag(..))));
    requester.enable(StMode::InterruptVector, &mut fake).unwrap();
    assert_eq!(
        (fake.msix[7], requester.entries_in_use()),
        (Some(0), 0),
        "no tag of before the error"
    );
}
