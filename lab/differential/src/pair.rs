//! Two sides that are led through the same steps.

use tph::ConfigOffset;
use tph_abi::layout::entry;
use tph_abi::{Errno, layout};

use crate::{Difference, Rights, Side, Step, Target, target};

/// How many of a request's entries are looked at after the step.
const LOOKED_AT: usize = 4;

/// How much is compared of the registers; answers are compared after each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// After each step that is not refused, what it may have changed.
    Each,
    /// What the last steps may have changed.
    Last,
    /// Command, the capability, the whole table.
    All,
}

/// The two sides.
pub struct Pair<'a> {
    /// Who is tested.
    pub module: &'a mut dyn Side,
    /// Who has to be equal.
    pub emulated: &'a mut dyn Side,
}

/// How far a pair came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// To the end, everything equal: what each step was answered.
    Equal(Vec<Result<(), Errno>>),
    /// To the step with this number, counted from 0.
    Differs(usize, Difference),
}

/// What a step was answered: its outcome, the request's bytes afterwards.
type Answer = (Result<(), Errno>, Vec<u8>);

impl Pair<'_> {
    /// Both as they are just after opening.
    pub fn reopen(&mut self) {
        for side in [&mut *self.module, &mut *self.emulated] {
            side.set_rights(Rights::ALL);
            side.reopen();
        }
    }

    /// Leads both through all steps or to the first difference. Registers are compared as `look`
    /// says.
    pub fn visit(&mut self, target: &Target, steps: &[Step], look: Look) -> Visit {
        let mut outcomes = Vec::with_capacity(steps.len());
        for (at, step) in steps.iter().enumerate() {
            let (outcome, difference) = self.one(step);
            let last = at + 1 == steps.len();
            let registers = match look {
                Look::All if last => target.all(),
                Look::Last if last => last_touched(target, steps),
                Look::Each if last || outcome.is_ok() => touched(target, step),
                // Should a step that is refused have changed something, that is seen later.
                _ => Vec::new(),
            };
            let difference = difference.or_else(|| self.registers(&registers));
            let difference = match difference {
                None if last => self.tags(target),
                difference => difference,
            };
            if let Some(difference) = difference {
                return Visit::Differs(at, difference);
            }
            outcomes.push(outcome);
        }
        Visit::Equal(outcomes)
    }

    fn one(&mut self, step: &Step) -> (Result<(), Errno>, Option<Difference>) {
        let (module, emulated) = (answer(self.module, step), answer(self.emulated, step));
        let outcome = module.0;
        (outcome, difference(&module, &emulated))
    }

    fn registers(&mut self, offsets: &[ConfigOffset]) -> Option<Difference> {
        offsets.iter().find_map(|offset| {
            let (module, emulated) = (self.module.config(*offset), self.emulated.config(*offset));
            let mask = Target::compared(*offset);
            let (module, emulated) = (module & mask, emulated & mask);
            (module != emulated).then_some(Difference::Register {
                offset: *offset,
                module,
                emulated,
            })
        })
    }
}

impl Pair<'_> {
    /// The tags of a table in MSI-X, where both can be asked.
    fn tags(&mut self, target: &Target) -> Option<Difference> {
        let command = ConfigOffset::new(target::COMMAND)?;
        let count = target.vectors_of_table();
        if count == 0 || self.emulated.config(command) & target::MEMORY_ENABLE == 0 {
            return None;
        }
        let (module, emulated) = (self.module.tags(count), self.emulated.tags(count));
        let mut pairs = module.into_iter().zip(emulated).enumerate();
        let (vector, (module, emulated)) = pairs.find(|(_, (one, other))| one != other)?;
        Some(Difference::Tag { vector, module, emulated })
    }
}

fn answer(side: &mut dyn Side, step: &Step) -> Answer {
    match step {
        Step::Call(bytes) => {
            let mut bytes = bytes.clone();
            (side.call(&mut bytes), bytes)
        }
        Step::Write { offset, bytes } => (side.write_config(*offset, bytes), Vec::new()),
        Step::Vectors(count) => (side.set_up_vectors(*count), Vec::new()),
        Step::FreeVectors => (side.free_vectors(), Vec::new()),
        Step::Caller(rights) => {
            side.set_rights(*rights);
            (Ok(()), Vec::new())
        }
        Step::Reset => {
            side.reset();
            (Ok(()), Vec::new())
        }
        Step::Reopen => {
            side.reopen();
            (Ok(()), Vec::new())
        }
    }
}

fn difference(module: &Answer, emulated: &Answer) -> Option<Difference> {
    if module.0 != emulated.0 {
        return Some(Difference::Outcome { module: module.0, emulated: emulated.0 });
    }
    let mut bytes = module.1.iter().zip(&emulated.1).enumerate();
    let (at, (module, emulated)) = bytes.find(|(_, (module, emulated))| module != emulated)?;
    Some(Difference::Reply { at, module: *module, emulated: *emulated })
}

/// The registers that a step most likely changes.
fn touched(target: &Target, step: &Step) -> Vec<ConfigOffset> {
    let mut registers: Vec<_> = target.control().into_iter().collect();
    if let Some((bytes, count)) = step.entries() {
        for position in (0..count).take(LOOKED_AT) {
            let index = entry::INDEX.read(bytes, layout::st_size(position));
            let index = index.and_then(|index| u16::try_from(index).ok());
            registers.extend(index.and_then(|index| target.entry(index)));
        }
        registers.sort_by_key(|offset| offset.get());
        registers.dedup();
    }
    registers
}

/// What the last step that programs entries touched, if there is one.
fn last_touched(target: &Target, steps: &[Step]) -> Vec<ConfigOffset> {
    let programs = |step: &&Step| step.entries().is_some();
    let step = steps.iter().rev().find(programs).or(steps.last());
    step.map_or_else(Vec::new, |step| touched(target, step))
}
