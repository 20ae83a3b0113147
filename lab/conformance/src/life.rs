//! What stays and what goes when the device is reset or changes hands.

use tph::Control;

use crate::case::{must, same};
use crate::good::on;
use crate::request::{self, steer};
use crate::{Case, Facts, Registers, Subject};

type Outcome = Result<(), String>;

pub(crate) const CASES: [Case; 4] = [
    Case { name: "a_reset_keeps_the_mode_and_the_table", run: reset_enabled },
    Case { name: "a_reset_keeps_a_table_whose_requester_is_off", run: reset_disabled },
    Case { name: "entries_can_be_programmed_after_a_reset", run: program_after_reset },
    Case { name: "the_next_user_finds_tph_off_and_no_tag", run: reopen },
];

fn programmed(subject: &mut dyn Subject, facts: &Facts) -> Result<Registers, String> {
    on(subject)?;
    let batch: Vec<_> = (0..8).map(|n| steer(n, facts.cpu(usize::from(n)).0)).collect();
    must("programming", request::program(subject, &batch))?;
    let registers = Registers::of(subject);
    same("an entry is programmed", registers.entries[0], facts.cpu(0).1.entry_bits())?;
    Ok(registers)
}

fn reset_enabled(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let expected = programmed(subject, facts)?;
    subject.reset();
    same("registers", Registers::of(subject), expected)
}

fn reset_disabled(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let mut expected = programmed(subject, facts)?;
    must("disable", subject.call(&mut request::disable()))?;
    expected.control = Control(0);
    subject.reset();
    same("registers", Registers::of(subject), expected)
}

fn program_after_reset(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let mut expected = programmed(subject, facts)?;
    subject.reset();
    must("programming", request::program(subject, &[steer(0, facts.cpu(1).0)]))?;
    expected.entries[0] = facts.cpu(1).1.entry_bits();
    same("registers", Registers::of(subject), expected)
}

fn reopen(subject: &mut dyn Subject, facts: &Facts) -> Outcome {
    let mut expected = programmed(subject, facts)?;
    expected.control = Control(0);
    expected.entries.fill(0);
    subject.reopen();
    same("registers", Registers::of(subject), expected)?;
    programmed(subject, facts).map(drop)
}
