//! What good requests do.

use tph::{Control, Entry, RequesterEnable, StIndex, StMode, TagSource};
use tph_abi::{Errno, Operation, client};

use crate::bad::refused;
use crate::case::{must, same};
use crate::request::{self, steer};
use crate::{Case, Facts, Registers, Subject};

type Outcome = Result<(), String>;

pub(crate) const CASES: [Case; 10] = [
    Case { name: "get_cap_says_what_the_register_says", run: get_cap },
    Case { name: "enable_sets_the_mode_and_the_negotiated_width", run: enable },
    Case { name: "a_request_longer_than_needed_is_served_and_its_tail_left_alone", run: longer },
    Case { name: "every_entry_takes_the_tag_of_its_cpu", run: whole_table },
    Case {
        name: "a_batch_that_starts_and_ends_in_mid_dword_leaves_its_neighbours",
        run: unaligned,
    },
    Case { name: "a_scattered_batch_changes_just_its_entries", run: scattered },
    Case { name: "of_an_index_given_twice_the_later_entry_counts", run: twice },
    Case { name: "memory_types_have_tags_of_their_own", run: memory_types },
    Case { name: "clearing_an_entry_makes_it_0", run: clear },
    Case { name: "disable_turns_off_keeps_entries_and_may_be_repeated", run: disable },
];

/// Enables device-specific mode.
pub(crate) fn on(subject: &mut dyn Subject) -> Outcome {
    must("enabling device-specific mode", client::enable(subject, StMode::DeviceSpecific))
}

fn get_cap(subject: &mut dyn Subject, _: &Facts) -> Outcome {
    let before = Registers::of(subject);
    for _ in 0..2 {
        let answer = client::capability(subject).map_err(|errno| errno.to_string())?;
        let modes = before.capability.modes();
        for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
            same("a mode is offered", answer.modes.contains(mode), modes.contains(mode))?;
        }
        same("no-ST is offered", answer.modes.contains(StMode::NoSt), false)?;
        same("entries", usize::from(answer.table_entries), before.entries.len())?;
        same("registers", Registers::of(subject), before.clone())?;
    }
    on(subject)?;
    client::capability(subject).map(drop).map_err(|errno| format!("while enabled: {errno}"))
}

fn enable(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let requester = facts.cpu(0).1.requester_type();
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        must("enable", client::enable(subject, mode))?;
        let control = Control(0).with_mode(mode).with_enable(RequesterEnable::On(requester));
        same("the control register", Registers::of(subject).control, control)?;
        must("disable", client::disable(subject))?;
    }
    Ok(())
}

fn longer(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let requests = [
        ("GET_CAP", request::get_cap()),
        ("ENABLE", request::enable(2)),
        ("SET_ST", request::st(Operation::SetSt, &[steer(0, facts.cpu(0).0)])),
        ("DISABLE", request::disable()),
    ];
    for (name, bytes) in requests {
        let needed = bytes.len();
        let whole = request::lengthened(bytes);
        let mut sent = whole.clone();
        must(name, subject.call(&mut sent))?;
        same(name, &sent[needed..], &whole[needed..])?;
    }
    // It is read like the others, and then refused for the table's sake.
    let get_st = request::st(Operation::GetSt, &[steer(0, facts.cpu(0).0)]);
    refused(subject, "GET_ST", &request::lengthened(get_st), Errno::EOPNOTSUPP)
}

fn whole_table(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let before = Registers::of(subject);
    let all: Vec<u16> = (0..before.entries.len()).map(|n| u16::try_from(n).unwrap()).collect();
    let batch: Vec<Entry> = all.iter().map(|n| steer(*n, facts.cpu(usize::from(*n)).0)).collect();
    must("programming every entry", request::program(subject, &batch))?;
    let tags = all.iter().map(|n| facts.cpu(usize::from(*n)).1.entry_bits()).collect();
    same("registers", Registers::of(subject), Registers { entries: tags, ..before })
}

fn unaligned(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    expect_entries(subject, facts, &[3, 4, 5, 6])
}

fn scattered(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    expect_entries(subject, facts, &[7, 0, 4])
}

/// Fills the table with one tag, programs `indices` with others, and looks at all of it.
fn expect_entries(subject: &mut dyn Subject, facts: &Facts, indices: &[u16]) -> Outcome {
    on(subject)?;
    let mut expected = Registers::of(subject);
    let fill: Vec<Entry> = (0..expected.entries.len())
        .map(|n| steer(u16::try_from(n).unwrap(), facts.cpu(0).0))
        .collect();
    must("filling the table", request::program(subject, &fill))?;
    expected.entries.fill(facts.cpu(0).1.entry_bits());
    let batch: Vec<Entry> = indices.iter().map(|n| steer(*n, facts.cpu(1).0)).collect();
    must("programming some entries", request::program(subject, &batch))?;
    for index in indices {
        expected.entries[usize::from(*index)] = facts.cpu(1).1.entry_bits();
    }
    same("registers", Registers::of(subject), expected)
}

fn twice(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let batch = [steer(2, facts.cpu(0).0), steer(2, facts.cpu(1).0)];
    must("programming", request::program(subject, &batch))?;
    same("entry 2", Registers::of(subject).entries[2], facts.cpu(1).1.entry_bits())
}

fn memory_types(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let mut found = Vec::new();
    for (memory, tag) in facts.memories() {
        let source = TagSource::Cpu { cpu: facts.cpu(0).0, memory };
        let entry = Entry { index: StIndex(1), source };
        must("programming", request::program(subject, &[entry]))?;
        found.push(Registers::of(subject).entries[1]);
        same("entry 1", found.last(), Some(&tag.entry_bits()))?;
    }
    found.dedup();
    same("different tags", found.len(), 2)
}

fn clear(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let cpu = facts.cpu(0).0;
    must("programming", request::program(subject, &[steer(0, cpu), steer(1, cpu)]))?;
    let batch = [Entry { index: StIndex(1), source: TagSource::Clear }];
    must("clearing", request::program(subject, &batch))?;
    let entries = Registers::of(subject).entries;
    same("entries", &entries[..2], &[facts.cpu(0).1.entry_bits(), 0])
}

fn disable(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    must("programming", request::program(subject, &[steer(0, facts.cpu(0).0)]))?;
    let mut expected = Registers::of(subject);
    expected.control = Control(0);
    for _ in 0..2 {
        must("disable", subject.call(&mut request::disable()))?;
        same("registers", Registers::of(subject), expected.clone())?;
    }
    on(subject)
}
