//! What `GET_ENTRIES` answers: what each entry was programmed for, and never a tag.

use tph::{BatchLen, CpuId, CpuStanding, Entry, MemoryType, Programmed, StIndex, TagSource};
use tph_abi::layout::{self, Field, entry_state as entry, op, st};
use tph_abi::{CLEAR_CPU, ENTRY_IN_USE, EntriesRequest, Errno, client};

use crate::bad::{refused, with};
use crate::case::{must, same};
use crate::good::on;
use crate::request::{self, steer};
use crate::{Case, Facts, Registers, Subject};

type Outcome = Result<(), String>;

pub(crate) const CASES: [Case; 8] = [
    Case { name: "an_entry_says_which_cpu_and_memory_it_was_programmed_for", run: programmed },
    Case { name: "entries_are_said_to_be_unused_before_they_are_programmed", run: unused },
    Case { name: "an_answer_about_an_entry_holds_no_tag_and_changes_nothing_else", run: no_tag },
    Case { name: "what_entries_are_for_is_known_while_tph_is_off_and_after_a_reset", run: kept },
    Case { name: "the_next_user_finds_no_entry_in_use", run: reopened },
    Case { name: "a_batch_that_is_refused_leaves_what_entries_are_for", run: refused_batch },
    Case { name: "as_many_as_2048_entries_are_looked_at_at_once", run: largest },
    Case { name: "a_question_about_entries_that_is_not_in_order_is_refused", run: bad },
];

/// What is answered about these entries.
fn ask(subject: &mut dyn Subject, indices: &[u16]) -> Result<Vec<Option<Programmed>>, String> {
    let indices: Vec<StIndex> = indices.iter().copied().map(StIndex).collect();
    let mut bytes = vec![0; layout::st_size(indices.len())];
    let mut request = EntriesRequest::new(&indices, &mut bytes).expect("1 to 2048");
    let outcome = client::entries(subject, &mut request);
    must("GET_ENTRIES", outcome)?;
    Ok((0..indices.len()).map(|position| request.programmed(position)).collect())
}

fn of(cpu: CpuId, memory: MemoryType) -> Programmed {
    Programmed { cpu, memory, standing: CpuStanding::Reachable }
}

fn volatile(facts: &Facts, n: usize) -> Programmed {
    of(facts.cpu(n).0, MemoryType::Volatile)
}

/// Programs entries 0, 3 and 4.
fn prepared(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let persistent = TagSource::Cpu { cpu: facts.cpu(0).0, memory: MemoryType::Persistent };
    let batch = [
        steer(0, facts.cpu(1).0),
        Entry { index: StIndex(3), source: persistent },
        steer(4, facts.cpu(0).0),
    ];
    must("programming", request::program(subject, &batch))
}

/// That they are still known to be for what [`prepared`] wanted.
fn as_prepared(subject: &mut dyn Subject, facts: &Facts, when: &str) -> Outcome {
    let persistent = of(facts.cpu(0).0, MemoryType::Persistent);
    let expected = vec![Some(volatile(facts, 1)), None, Some(persistent), Some(volatile(facts, 0))];
    same(when, ask(subject, &[0, 1, 3, 4])?, expected)
}

fn programmed(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    as_prepared(subject, facts, "entries")?;
    let batch = [
        steer(0, facts.cpu(0).0),
        Entry { index: StIndex(3), source: TagSource::Clear },
        steer(5, facts.cpu(0).0),
        steer(5, facts.cpu(1).0),
    ];
    must("programming again", request::program(subject, &batch))?;
    let first = Some(volatile(facts, 0));
    let expected = vec![first, None, first, Some(volatile(facts, 1))];
    same("entries programmed again", ask(subject, &[0, 3, 4, 5])?, expected)
}

fn unused(subject: &mut dyn Subject, _: &Facts) -> Outcome {
    let all: Vec<u16> = (0..).take(Registers::of(subject).entries.len()).collect();
    same("while off", ask(subject, &all)?, vec![None; all.len()])?;
    on(subject)?;
    same("while on", ask(subject, &all)?, vec![None; all.len()])
}

fn no_tag(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    let before = Registers::of(subject);
    // What is answered must not depend on what stood in its place.
    let fill = |bytes: Vec<u8>, position: usize| {
        let base = layout::st_size(position);
        let bytes = with(bytes, entry::CPU, base, 0xdead_beef);
        let bytes = with(bytes, entry::MEM_TYPE, base, 0xa5);
        with(bytes, entry::STATE, base, 0x5a)
    };
    let sent = request::lengthened((0..2).fold(request::entries(&[0, 1].map(StIndex)), fill));
    let mut bytes = sent.clone();
    must("GET_ENTRIES", subject.call(&mut bytes))?;
    let mut expected = sent;
    let mut expect = |position, cpu, state| {
        for (field, value) in [(entry::CPU, cpu), (entry::MEM_TYPE, 0), (entry::STATE, state)] {
            field.write(&mut expected, layout::st_size(position), value);
        }
    };
    expect(0, facts.cpu(1).0.0, ENTRY_IN_USE);
    expect(1, CLEAR_CPU, 0);
    same("bytes", bytes, expected)?;
    same("registers", Registers::of(subject), before)
}

fn kept(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    subject.reset();
    as_prepared(subject, facts, "after a reset")?;
    must("DISABLE", client::disable(subject))?;
    as_prepared(subject, facts, "while off")?;
    subject.reset();
    as_prepared(subject, facts, "after a reset while off")?;
    on(subject)?;
    as_prepared(subject, facts, "on again")
}

fn reopened(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    subject.reopen();
    same("entries", ask(subject, &[0, 1, 3, 4])?, vec![None; 4])
}

fn refused_batch(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    let batch = [steer(1, facts.cpu(0).0), steer(0, facts.cpu(0).0), steer(2, facts.absent)];
    same("SET_ST", request::program(subject, &batch), Err(Errno::EINVAL))?;
    as_prepared(subject, facts, "entries")
}

fn largest(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    let indices: Vec<u16> = (0..2).cycle().take(BatchLen::MAX as usize).collect();
    let expected =
        [Some(volatile(facts, 1)), None].into_iter().cycle().take(indices.len()).collect();
    same("entries", ask(subject, &indices)?, expected)
}

fn bad(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    prepared(subject, facts)?;
    let good = request::entries(&[0, 1].map(StIndex));
    let mut refuse = |field: Field, base, value, errno| {
        refused(subject, field.name, &with(good.clone(), field, base, value), errno)
    };
    for argsz in [0, 7, 8, 15, 16, 28, 39] {
        refuse(op::ARGSZ, 0, argsz, Errno::EINVAL)?;
    }
    for count in [0, 3, BatchLen::MAX + 1, u32::MAX] {
        refuse(st::COUNT, layout::BODY, count, Errno::EINVAL)?;
    }
    refuse(st::RESERVED, layout::BODY, 1 << 31, Errno::EINVAL)?;
    refuse(entry::RESERVED, layout::st_size(1), 1, Errno::EINVAL)?;
    refuse(entry::RESERVED, layout::st_size(0), 1 << 31, Errno::EINVAL)?;
    refuse(entry::INDEX, layout::st_size(1), 0xffff, Errno::ENXIO)?;
    let entries = u32::try_from(Registers::of(subject).entries.len()).expect("at most 64");
    let past = with(good, entry::INDEX, layout::st_size(1), entries);
    refused(subject, "one past the table", &past, Errno::ENXIO)?;
    as_prepared(subject, facts, "entries afterwards")
}
