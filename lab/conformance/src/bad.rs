//! What bad requests get: their errno, no register changed, and the next good call works.

use tph::{BatchLen, CpuId, Entry};
use tph_abi::layout::{self, Field, ctrl, entry, op, st};
use tph_abi::{Errno, Operation};

use crate::case::{must, same};
use crate::good::on;
use crate::request::{self, steer};
use crate::{Case, Facts, Registers, Subject};

type Outcome = Result<(), String>;

pub(crate) const CASES: [Case; 15] = [
    Case { name: "an_argsz_below_what_the_operation_needs_is_refused", run: short_argsz },
    Case { name: "an_unknown_operation_is_refused", run: unknown_operation },
    Case { name: "enable_takes_exactly_one_known_mode", run: modes },
    Case { name: "reserved_bytes_of_enable_must_be_0", run: enable_reserved },
    Case { name: "enabling_twice_is_busy", run: enable_twice },
    Case { name: "a_batch_has_1_to_2048_entries", run: counts },
    Case { name: "reserved_bytes_of_a_batch_must_be_0", run: batch_reserved },
    Case { name: "reserved_bytes_of_an_entry_must_be_0", run: entry_reserved },
    Case { name: "an_unknown_memory_type_is_refused", run: memory_type },
    Case { name: "programming_while_off_is_refused", run: program_while_off },
    Case { name: "an_index_past_the_table_is_refused", run: index },
    Case { name: "a_cpu_that_does_not_exist_is_refused", run: absent_cpu },
    Case { name: "one_bad_entry_refuses_the_whole_batch", run: last_entry_bad },
    Case { name: "tags_are_not_shown_where_a_table_takes_them", run: tags_with_table },
    Case { name: "no_st_mode_cannot_be_asked_for", run: no_st },
];

/// Sends bad bytes: the errno is right, the bytes are as they were, no register changed.
pub(crate) fn refused(
    subject: &mut dyn Subject,
    what: &str,
    bytes: &[u8],
    errno: Errno,
) -> Outcome {
    let before = Registers::of(subject);
    let mut sent = bytes.to_vec();
    same(what, subject.call(&mut sent), Err(errno))?;
    same("the request's bytes", sent.as_slice(), bytes)?;
    same("registers", Registers::of(subject), before)
}

/// After the refusals: an ordinary request is served.
fn still_serves(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    must("a good SET_ST afterwards", request::program(subject, &[steer(0, facts.cpu(1).0)]))?;
    same("entry 0", Registers::of(subject).entries[0], facts.cpu(1).1.entry_bits())
}

pub(crate) fn with(mut bytes: Vec<u8>, field: Field, base: usize, value: u32) -> Vec<u8> {
    field.write(&mut bytes, base, value);
    bytes
}

fn set_st(facts: &Facts) -> Vec<u8> {
    request::st(Operation::SetSt, &[steer(0, facts.cpu(0).0)])
}

fn short_argsz(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let get_st = request::st(Operation::GetSt, &[steer(0, facts.cpu(0).0)]);
    let requests =
        [request::get_cap(), request::enable(1), request::disable(), get_st, set_st(facts)];
    for bytes in requests {
        for argsz in [0, 4, 7, bytes.len() - 1] {
            let argsz = u32::try_from(argsz).expect("short");
            let what = format!("argsz {argsz} of {}", bytes.len());
            refused(subject, &what, &with(bytes.clone(), op::ARGSZ, 0, argsz), Errno::EINVAL)?;
        }
    }
    still_serves(subject, facts)
}

fn unknown_operation(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for number in [5, 6, 1 << 30, Operation::OWN | 0x7fff, u32::MAX] {
        let bytes = with(request::get_cap(), op::OP, 0, number);
        refused(subject, "unknown operation", &bytes, Errno::EINVAL)?;
    }
    still_serves(subject, facts)
}

fn modes(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    for mode in [3, 4, 7, 0x80, 0xff] {
        refused(subject, "mode bits", &request::enable(mode), Errno::EINVAL)?;
    }
    on(subject)?;
    still_serves(subject, facts)
}

fn no_st(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    refused(subject, "mode bits 0", &request::enable(0), Errno::EINVAL)?;
    on(subject)?;
    still_serves(subject, facts)
}

fn enable_reserved(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    for byte in ctrl::RESERVED.offset..ctrl::RESERVED.end() {
        let mut bytes = request::enable(2);
        bytes[layout::BODY + byte] = 1;
        refused(subject, "a reserved byte", &bytes, Errno::EINVAL)?;
    }
    on(subject)?;
    still_serves(subject, facts)
}

fn enable_twice(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for mode in [1, 2] {
        refused(subject, "ENABLE again", &request::enable(mode), Errno::EBUSY)?;
    }
    still_serves(subject, facts)
}

fn counts(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for operation in [Operation::GetSt, Operation::SetSt] {
        let long = request::st(operation, &vec![steer(0, facts.cpu(0).0); 2048]);
        for count in [0, BatchLen::MAX + 1, u32::MAX, 0x1555_5556] {
            let bytes = with(long.clone(), st::COUNT, layout::BODY, count);
            let bytes = with(bytes, op::ARGSZ, 0, u32::MAX);
            refused(subject, &format!("count {count}"), &bytes, Errno::EINVAL)?;
        }
        let bytes = with(set_st(facts), st::COUNT, layout::BODY, 2);
        refused(subject, "count over argsz", &bytes, Errno::EINVAL)?;
    }
    still_serves(subject, facts)
}

fn batch_reserved(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for operation in [Operation::GetSt, Operation::SetSt] {
        let good = request::st(operation, &[steer(0, facts.cpu(0).0)]);
        for bit in [0, 31] {
            let bytes = with(good.clone(), st::RESERVED, layout::BODY, 1 << bit);
            refused(subject, "reserved", &bytes, Errno::EINVAL)?;
        }
    }
    still_serves(subject, facts)
}

fn entry_reserved(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    spoil_entry(subject, facts, &[(entry::RESERVED0, 1), (entry::RESERVED1, 0x8000)])
}

fn memory_type(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    spoil_entry(subject, facts, &[(entry::MEM_TYPE, 2), (entry::MEM_TYPE, 0xff)])
}

/// Spoils a field of the last entry of a batch of three.
fn spoil_entry(subject: &mut dyn Subject, facts: &Facts, bad: &[(Field, u32)]) -> Outcome {
    on(subject)?;
    let batch = [0, 1, 2].map(|n| steer(n, facts.cpu(0).0));
    for operation in [Operation::GetSt, Operation::SetSt] {
        for (field, value) in bad {
            let good = request::st(operation, &batch);
            let bytes = with(good, *field, layout::st_size(2), *value);
            refused(subject, field.name, &bytes, Errno::EINVAL)?;
        }
    }
    still_serves(subject, facts)
}

fn program_while_off(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    refused(subject, "SET_ST before ENABLE", &set_st(facts), Errno::EINVAL)?;
    on(subject)?;
    must("DISABLE", subject.call(&mut request::disable()))?;
    refused(subject, "SET_ST after DISABLE", &set_st(facts), Errno::EINVAL)?;
    on(subject)?;
    still_serves(subject, facts)
}

fn index(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let entries = u16::try_from(Registers::of(subject).entries.len()).expect("at most 64");
    for index in [entries, entries + 1, u16::MAX] {
        let bytes = request::st(Operation::SetSt, &[steer(index, facts.cpu(0).0)]);
        refused(subject, &format!("index {index}"), &bytes, Errno::ENXIO)?;
    }
    still_serves(subject, facts)
}

fn absent_cpu(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    for cpu in [facts.absent, CpuId(1 << 20), CpuId(u32::MAX - 1)] {
        let bytes = request::st(Operation::SetSt, &[steer(0, cpu)]);
        refused(subject, &format!("CPU {cpu}"), &bytes, Errno::EINVAL)?;
    }
    still_serves(subject, facts)
}

fn last_entry_bad(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    on(subject)?;
    let good: Vec<Entry> = (0..8).map(|n| steer(n, facts.cpu(1).0)).collect();
    must("programming", request::program(subject, &good))?;
    let entries = u16::try_from(Registers::of(subject).entries.len()).expect("at most 64");
    let bad =
        [(steer(8, facts.absent), Errno::EINVAL), (steer(entries, facts.cpu(0).0), Errno::ENXIO)];
    for (last, errno) in bad {
        let mut batch: Vec<Entry> = (0..8).map(|n| steer(n, facts.cpu(0).0)).collect();
        batch.push(last);
        let bytes = request::st(Operation::SetSt, &batch);
        refused(subject, "a batch with a bad end", &bytes, errno)?;
    }
    still_serves(subject, facts)
}

fn tags_with_table(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let get = request::st(Operation::GetSt, &[steer(0, facts.cpu(0).0)]);
    refused(subject, "GET_ST while off", &get, Errno::EOPNOTSUPP)?;
    on(subject)?;
    refused(subject, "GET_ST", &get, Errno::EOPNOTSUPP)?;
    still_serves(subject, facts)
}
