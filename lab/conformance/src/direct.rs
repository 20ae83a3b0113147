//! What a device without an ST table answers where direct tags are allowed: `GET_ST`, whose tags
//! the driver hands to the device itself.

use tph::{BatchLen, CpuId, Entry, MAX_CAPABILITY_ENTRIES, MAX_MSIX_ENTRIES, MemoryType};
use tph::{StIndex, StMode, TagSource};
use tph_abi::layout::{self, entry, op};
use tph_abi::{CLEAR_CPU, Errno, Operation, client};

use crate::bad::{refused, with};
use crate::case::{must, same};
use crate::good::on;
use crate::request::{self, steer};
use crate::{Case, Facts, Registers, Subject};

type Outcome = Result<(), String>;

pub(crate) const CASES: [Case; 11] = [
    Case { name: "get_cap_names_the_modes_and_no_entries", run: get_cap },
    Case { name: "each_cpu_and_memory_type_is_answered_with_its_tag", run: tags },
    Case { name: "the_index_of_a_query_is_not_used", run: index },
    Case { name: "as_many_as_2048_cpus_are_answered_at_once", run: largest },
    Case { name: "a_longer_get_st_is_served_and_its_tail_left_alone", run: longer },
    Case { name: "a_get_st_with_too_small_an_argsz_is_refused", run: short_argsz },
    Case { name: "a_cpu_that_does_not_exist_has_no_tag", run: absent_cpu },
    Case { name: "one_bad_cpu_refuses_the_whole_query", run: last_cpu_bad },
    Case { name: "tags_are_shown_in_device_specific_mode_only", run: other_modes },
    Case { name: "there_is_no_entry_to_program_or_to_clear", run: no_table },
    Case { name: "a_reset_keeps_the_mode_and_the_next_user_finds_it_off", run: life },
];

/// A `GET_ST` whose `st` fields hold something that no answer is.
fn query(entries: &[Entry]) -> Vec<u8> {
    let bytes = request::st(Operation::GetSt, entries);
    (0..entries.len()).fold(bytes, |bytes, position| with_tag(bytes, position, 0xdead))
}

fn with_tag(bytes: Vec<u8>, position: usize, tag: u16) -> Vec<u8> {
    with(bytes, entry::ST, layout::st_size(position), u32::from(tag))
}

/// Sends a `GET_ST`: the tags come back, every other byte is as it was, no register changed.
fn answered(subject: &mut dyn Subject, what: &str, bytes: &[u8], tags: &[u16]) -> Outcome {
    let before = Registers::of(subject);
    let mut sent = bytes.to_vec();
    must(what, subject.call(&mut sent))?;
    let tagged = |bytes, (position, tag): (usize, &u16)| with_tag(bytes, position, *tag);
    same(what, sent, tags.iter().enumerate().fold(bytes.to_vec(), tagged))?;
    same("registers", Registers::of(subject), before)
}

/// After the refusals: an ordinary query is answered.
fn still_answers(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let (cpu, tag) = facts.cpu(1);
    answered(subject, "a good GET_ST afterwards", &query(&[steer(0, cpu)]), &[tag.entry_bits()])
}

fn get_cap(subject: &mut dyn Subject, _: &Facts) -> Outcome {
    let answer = client::capability(subject).map_err(|errno| errno.to_string())?;
    let offered = Registers::of(subject).capability.modes();
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        same("a mode is offered", answer.modes.contains(mode), offered.contains(mode))?;
    }
    same("entries", answer.table_entries, 0)
}

fn tags(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let batch: Vec<Entry> = facts.cpus.iter().map(|(cpu, _)| steer(0, *cpu)).collect();
    let expected: Vec<u16> = facts.cpus.iter().map(|(_, tag)| tag.entry_bits()).collect();
    answered(subject, "tags of all CPUs", &query(&batch), &expected)?;
    let of = |memory: MemoryType| {
        let source = TagSource::Cpu { cpu: facts.cpu(0).0, memory };
        Entry { index: StIndex(0), source }
    };
    let memories = facts.memories();
    let expected = memories.map(|(_, tag)| tag.entry_bits());
    answered(subject, "memory types", &query(&memories.map(|(memory, _)| of(memory))), &expected)
}

fn index(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let past = [MAX_CAPABILITY_ENTRIES, MAX_MSIX_ENTRIES, u16::MAX];
    let indices = [1, past[0] - 1, past[0], past[1], past[2]];
    let expected = indices.map(|_| facts.cpu(0).1.entry_bits());
    let batch = indices.map(|index| steer(index, facts.cpu(0).0));
    answered(subject, "indices", &query(&batch), &expected)
}

fn largest(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let cpus = || (0..BatchLen::MAX as usize).map(|n| facts.cpu(n));
    let batch: Vec<Entry> = cpus().map(|(cpu, _)| steer(0, cpu)).collect();
    let expected: Vec<u16> = cpus().map(|(_, tag)| tag.entry_bits()).collect();
    answered(subject, "2048 tags", &query(&batch), &expected)
}

fn longer(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let (cpu, tag) = facts.cpu(0);
    let bytes = request::lengthened(query(&[steer(0, cpu)]));
    answered(subject, "a longer GET_ST", &bytes, &[tag.entry_bits()])
}

fn short_argsz(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let bytes = query(&[steer(0, facts.cpu(0).0), steer(0, facts.cpu(1).0)]);
    for argsz in [0, 4, 7, 8, 15, 16, bytes.len() - 1] {
        let argsz = u32::try_from(argsz).expect("short");
        let short = with(bytes.clone(), op::ARGSZ, 0, argsz);
        refused(subject, &format!("argsz {argsz}"), &short, Errno::EINVAL)?;
    }
    still_answers(subject, facts)
}

/// What clears an entry in `SET_ST` is a CPU here, and one that no host has.
fn absent_cpu(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for cpu in [facts.absent.0, 1 << 20, u32::MAX - 1, CLEAR_CPU] {
        let bytes = query(&[steer(0, CpuId(cpu))]);
        refused(subject, &format!("CPU {cpu:#x}"), &bytes, Errno::EINVAL)?;
    }
    still_answers(subject, facts)
}

fn last_cpu_bad(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for cpu in [facts.absent.0, CLEAR_CPU] {
        let mut batch: Vec<Entry> = (0..8).map(|n| steer(0, facts.cpu(n).0)).collect();
        batch.push(steer(0, CpuId(cpu)));
        refused(subject, "a query with a bad end", &query(&batch), Errno::EINVAL)?;
    }
    still_answers(subject, facts)
}

fn other_modes(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let bytes = query(&[steer(0, facts.cpu(0).0)]);
    refused(subject, "GET_ST before ENABLE", &bytes, Errno::EINVAL)?;
    must("interrupt-vector mode", client::enable(subject, StMode::InterruptVector))?;
    refused(subject, "GET_ST in interrupt-vector mode", &bytes, Errno::EINVAL)?;
    must("DISABLE", client::disable(subject))?;
    refused(subject, "GET_ST after DISABLE", &bytes, Errno::EINVAL)?;
    on(subject)?;
    still_answers(subject, facts)
}

fn no_table(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for cpu in [facts.cpu(0).0, CpuId(CLEAR_CPU)] {
        let bytes = request::st(Operation::SetSt, &[steer(0, cpu)]);
        refused(subject, "SET_ST", &bytes, Errno::EOPNOTSUPP)?;
    }
    refused(subject, "GET_ENTRIES", &request::entries(&[StIndex(0)]), Errno::EOPNOTSUPP)?;
    still_answers(subject, facts)
}

fn life(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let off = Registers::of(subject);
    on(subject)?;
    let enabled = Registers::of(subject);
    subject.reset();
    same("registers after a reset", Registers::of(subject), enabled)?;
    still_answers(subject, facts)?;
    subject.reopen();
    same("registers of the next user", Registers::of(subject), off)?;
    on(subject)?;
    still_answers(subject, facts)
}
