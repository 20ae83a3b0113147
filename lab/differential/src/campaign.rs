//! Sequence after sequence, until one shows a difference.

use tph::{Entry, StIndex, TagSource};
use tph_abi::Operation;
use tph_conformance as bytes_of;

use crate::{Generator, Look, Mismatch, Pair, Step, Target, Totals, Visit, shrink, target};

/// Steps before a sequence that are kept in case that it alone does not show the difference again.
const REMEMBERED: usize = 2000;
/// After one sequence in so many all registers are compared: 64 entries are 32 accesses. What
/// differs stays different, and what was done before is remembered.
const LOOK_AT_ALL: u64 = 8;
/// Sequences that are tried to make one shorter.
const TRIES: u32 = 300;
/// Memory Space Enable: what Command holds after opening.
const COMMAND_OPENED: [u8; 2] = [2, 0];

/// Which sequences to send.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Where they come from.
    pub seed: u64,
    /// How many.
    pub sequences: u64,
    /// One in how many has a reset, or a closing and opening.
    pub rare: u32,
}

impl Campaign {
    /// Sends them to both sides. Before each, the device is put in order by requests that are
    /// compared like all others: TPH off, entries clear, Command as after opening.
    ///
    /// # Errors
    /// The shortest sequence found that shows a difference.
    pub fn run(&self, pair: &mut Pair<'_>, target: &Target) -> Result<Totals, Box<Mismatch>> {
        let generator = Generator::new(target.clone(), self.seed, self.rare);
        let mut totals = Totals::default();
        let mut before = Vec::new();
        pair.reopen();
        for number in 0..self.sequences {
            let mut steps = put_in_order(pair, target, &before);
            steps.extend(generator.sequence(number));
            let looks_at_all = number % LOOK_AT_ALL == 0 || number + 1 == self.sequences;
            let look = if looks_at_all { Look::All } else { Look::Touched };
            match pair.visit(target, &steps, look) {
                Visit::Equal(outcomes) => totals.add(&steps, &outcomes),
                Visit::Differs(at, difference) => {
                    steps.truncate(at + 1);
                    let mismatch = Mismatch {
                        seed: self.seed,
                        number,
                        found: steps.len(),
                        tries: 0,
                        steps,
                        difference,
                    };
                    return Err(Box::new(shorter(pair, target, before, mismatch)));
                }
            }
            remember(&mut before, steps);
        }
        Ok(totals)
    }
}

/// What makes the device look as if it had just been opened, without opening it.
fn put_in_order(pair: &mut Pair<'_>, target: &Target, before: &[Step]) -> Vec<Step> {
    let mut steps = Vec::new();
    if before.iter().any(|step| matches!(step, Step::Write { offset: target::COMMAND, .. })) {
        steps.push(Step::Write { offset: target::COMMAND, bytes: COMMAND_OPENED.into() });
    }
    steps.push(Step::call(bytes_of::disable()));
    let programmed = programmed(pair, target);
    if !programmed.is_empty() {
        // One of the modes is one that the device has: it was on when the entries were written.
        steps.extend([2, 1].map(|mode| Step::call(bytes_of::enable(mode))));
        steps.push(Step::call(bytes_of::st(Operation::SetSt, &programmed)));
        steps.push(Step::call(bytes_of::disable()));
    }
    steps
}

/// The entries that are not 0, as entries to clear. The sides are equal: the cheaper one is asked.
fn programmed(pair: &mut Pair<'_>, target: &Target) -> Vec<Entry> {
    let holds_tag = |index: &u16| {
        target.entry(*index).is_some_and(|dword| {
            let [a, b, c, d] = pair.emulated.config(dword).to_le_bytes();
            if index.is_multiple_of(2) { [a, b] != [0, 0] } else { [c, d] != [0, 0] }
        })
    };
    let clear = |index| Entry { index: StIndex(index), source: TagSource::Clear };
    (0..target.entries()).filter(holds_tag).map(clear).collect()
}

/// Adds steps to what was done since the device was last opened.
fn remember(before: &mut Vec<Step>, steps: Vec<Step>) {
    let reopened = steps.iter().rposition(|step| *step == Step::Reopen);
    if reopened.is_some() || before.len() > REMEMBERED {
        before.clear();
    }
    before.extend(steps.into_iter().skip(reopened.map_or(0, |at| at + 1)));
}

/// Looks for a shorter sequence, with what was done before only if it does not go without.
fn shorter(pair: &mut Pair<'_>, target: &Target, before: Vec<Step>, found: Mismatch) -> Mismatch {
    let whole: Vec<Step> = before.into_iter().chain(found.steps.iter().cloned()).collect();
    for steps in [found.steps.clone(), whole] {
        let Visit::Differs(at, _) = afresh(pair, target, &steps) else { continue };
        let steps = steps[..=at].to_vec();
        let shows = |steps: &[Step]| matches!(afresh(pair, target, steps), Visit::Differs(..));
        let (mut steps, tries) = shrink(steps, TRIES, shows);
        let Visit::Differs(at, difference) = afresh(pair, target, &steps) else { continue };
        steps.truncate(at + 1);
        return Mismatch { steps, tries: tries + 1, difference, ..found };
    }
    found
}

fn afresh(pair: &mut Pair<'_>, target: &Target, steps: &[Step]) -> Visit {
    pair.reopen();
    pair.visit(target, steps, Look::All)
}
