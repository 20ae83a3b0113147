//! Sequence after sequence, until one shows a difference.

use tph::{Entry, MAX_CAPABILITY_ENTRIES, StIndex, TagSource};
use tph_abi::{EntriesRequest, Operation, client, layout};
use tph_conformance as bytes_of;

use crate::{Generator, Look, Mismatch, Pair, Rights, Step, Target, Totals, Visit};
use crate::{shrink, target};

/// Steps before a sequence that are kept in case that it alone does not show the difference again.
const REMEMBERED: usize = 2000;
/// So many sequences are a round: at its end all registers are compared, after it the table is
/// cleared. In between what differs stays different, and what was done before is remembered. An
/// access to the device takes far longer than all else.
const ROUND: u64 = 8;
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
    /// compared like all others: TPH off, Command and the caller's rights as after opening, once in a
    /// round entries clear and vectors free.
    ///
    /// # Errors
    /// The shortest sequence found that shows a difference.
    pub fn run(&self, pair: &mut Pair<'_>, target: &Target) -> Result<Totals, Box<Mismatch>> {
        let generator = Generator::new(target.clone(), self.seed, self.rare);
        let mut totals = Totals::default();
        let mut before = Vec::new();
        let mut round: Vec<Step> = Vec::new();
        pair.reopen();
        for number in 0..self.sequences {
            let mut steps = put_in_order(&round);
            if number % ROUND == 0 {
                steps.extend(clear(pair, target, &round));
                round.clear();
            }
            let sequence = generator.sequence(number);
            round.extend(sequence.iter().cloned());
            steps.extend(sequence);
            let look = match number % ROUND {
                _ if number + 1 == self.sequences => Look::All,
                0 => Look::Each,
                last if last + 1 == ROUND => Look::All,
                _ => Look::Last,
            };
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
        // The caller may be the process that runs other tests.
        pair.reopen();
        Ok(totals)
    }
}

/// What makes the device look almost as if it had just been opened, after these steps.
fn put_in_order(before: &[Step]) -> Vec<Step> {
    let mut steps = Vec::new();
    if before.iter().any(|step| matches!(step, Step::Caller(_))) {
        steps.push(Step::Caller(Rights::ALL));
    }
    if before.iter().any(|step| matches!(step, Step::Write { offset: target::COMMAND, .. })) {
        steps.push(Step::Write { offset: target::COMMAND, bytes: COMMAND_OPENED.into() });
    }
    steps.push(Step::call(bytes_of::disable()));
    steps
}

/// What clears the table and frees the vectors, when TPH is off.
fn clear(pair: &mut Pair<'_>, target: &Target, before: &[Step]) -> Vec<Step> {
    let mut steps = Vec::new();
    if before.iter().any(|step| matches!(step, Step::Vectors(_))) {
        steps.push(Step::FreeVectors);
    }
    let programmed = programmed(pair, target);
    if !programmed.is_empty() {
        // One of the modes is one that the device has: it was on when the entries were written.
        steps.extend([2, 1].map(|mode| Step::call(bytes_of::enable(mode))));
        steps.push(Step::call(bytes_of::st(Operation::SetSt, &programmed)));
        steps.push(Step::call(bytes_of::disable()));
    }
    steps
}

/// The entries that are in use, as entries to clear. The sides are equal: the cheaper one is asked.
fn programmed(pair: &mut Pair<'_>, target: &Target) -> Vec<Entry> {
    if !target.in_capability() {
        return Vec::new();
    }
    let indices: Vec<StIndex> =
        (0..target.entries().min(MAX_CAPABILITY_ENTRIES)).map(StIndex).collect();
    let mut bytes = vec![0; layout::st_size(indices.len())];
    let request = EntriesRequest::new(&indices, &mut bytes);
    let mut request = request.expect("a table in the capability has 1 to 64 entries");
    if client::entries(pair.emulated, &mut request).is_err() {
        // Without a table that can be programmed nothing is.
        return Vec::new();
    }
    let used = (0..indices.len()).filter(|at| request.programmed(*at).is_some());
    used.map(|at| Entry { index: indices[at], source: TagSource::Clear }).collect()
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
