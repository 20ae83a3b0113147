//! Two sides that are led through the same steps.

use tph::ConfigOffset;
use tph_abi::layout::entry;
use tph_abi::{Errno, layout};

use crate::{Difference, Side, Step, Target};

/// How many of a request's entries are looked at after the step.
const LOOKED_AT: usize = 4;

/// How much is compared when all steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What the last step may have changed, as after the others.
    Touched,
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
        self.module.reopen();
        self.emulated.reopen();
    }

    /// Leads both through all steps or to the first difference. After each step that is
    /// not refused the registers that it may have touched are compared, after the last one as
    /// `look` says.
    pub fn visit(&mut self, target: &Target, steps: &[Step], look: Look) -> Visit {
        let mut outcomes = Vec::with_capacity(steps.len());
        for (at, step) in steps.iter().enumerate() {
            let (outcome, difference) = self.one(step);
            let last = at + 1 == steps.len();
            let registers = match (look, outcome) {
                (Look::All, _) if last => target.all(),
                // Should it have changed something all the same, that is seen later.
                (_, Err(_)) if !last => Vec::new(),
                _ => touched(target, step),
            };
            if let Some(difference) = difference.or_else(|| self.registers(&registers)) {
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

fn answer(side: &mut dyn Side, step: &Step) -> Answer {
    match step {
        Step::Call(bytes) => {
            let mut bytes = bytes.clone();
            (side.call(&mut bytes), bytes)
        }
        Step::Write { offset, bytes } => (side.write_config(*offset, bytes), Vec::new()),
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
