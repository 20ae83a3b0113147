//! Making a sequence that shows something shorter and plainer while it still shows it.

use crate::Step;
use crate::simplify::simpler;

/// The shortest and plainest sequence found that still `shows` it, and how many were tried; at most
/// `tries`. What is given must show it.
pub fn shrink(
    steps: Vec<Step>,
    tries: u32,
    shows: impl FnMut(&[Step]) -> bool,
) -> (Vec<Step>, u32) {
    let mut search = Search { best: steps, left: tries, shows };
    loop {
        let before = search.best.clone();
        search.fewer_steps();
        search.plainer_steps();
        if search.best == before || search.left == 0 {
            return (search.best, tries - search.left);
        }
    }
}

struct Search<F> {
    best: Vec<Step>,
    left: u32,
    shows: F,
}

impl<F: FnMut(&[Step]) -> bool> Search<F> {
    /// Takes the candidate if it shows it.
    fn takes(&mut self, candidate: Vec<Step>) -> bool {
        if self.left == 0 || candidate.is_empty() {
            return false;
        }
        self.left -= 1;
        let taken = (self.shows)(&candidate);
        if taken {
            self.best = candidate;
        }
        taken
    }

    /// Leaves out half of the steps, then quarters, down to single ones, the last kept longest.
    fn fewer_steps(&mut self) {
        let mut chunk = self.best.len().div_ceil(2);
        while chunk > 0 {
            let mut at = 0;
            while at < self.best.len() {
                let end = self.best.len().min(at + chunk);
                let candidate = [&self.best[..at], &self.best[end..]].concat();
                if !self.takes(candidate) {
                    at = end;
                }
            }
            chunk /= 2;
        }
    }

    fn plainer_steps(&mut self) {
        for at in 0..self.best.len() {
            while self.plainer(at) {}
        }
    }

    fn plainer(&mut self, at: usize) -> bool {
        simpler(&self.best[at]).into_iter().any(|step| {
            let mut candidate = self.best.clone();
            candidate[at] = step;
            self.takes(candidate)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph_abi::layout::{entry, st_size};
    use tph_conformance::{disable, enable, get_cap};

    fn calls(requests: &[Vec<u8>]) -> Vec<Step> {
        requests.iter().cloned().map(Step::call).collect()
    }

    #[test]
    fn only_the_steps_that_matter_are_left() {
        let noise = [get_cap(), disable(), get_cap(), enable(1), get_cap(), enable(1), disable()];
        let enables = |steps: &[Step]| {
            let count = steps.iter().filter(|step| matches!(step, Step::Call(b) if b[4] == 1));
            count.count() >= 2
        };
        let (steps, tries) = shrink(calls(&noise), 300, enables);
        assert_eq!(steps.len(), 2);
        assert!(steps.iter().all(|step| matches!(step, Step::Call(bytes) if bytes[4] == 1)));
        assert!(tries < 100, "{tries}");
    }

    #[test]
    fn of_a_batch_only_the_entry_that_matters_is_left() {
        let entry_to =
            |index| tph::Entry { index: tph::StIndex(index), source: tph::TagSource::Clear };
        let batch: Vec<_> = (0..64).map(entry_to).collect();
        let request = tph_conformance::st(tph_abi::Operation::SetSt, &batch);
        let has_17 = |steps: &[Step]| {
            steps.iter().filter_map(Step::entries).any(|(bytes, count)| {
                let index = |at| entry::INDEX.read(bytes, st_size(at));
                (0..count).any(|at| index(at) == Some(17))
            })
        };
        let (steps, _) = shrink(calls(&[request]), 300, has_17);
        let Step::Call(bytes) = &steps[0] else { panic!("it is a call") };
        assert_eq!((steps.len(), bytes.len()), (1, 28));
    }

    #[test]
    fn what_cannot_be_shorter_stays_and_the_search_ends() {
        let steps = vec![Step::Reset, Step::Reopen];
        let whole = steps.clone();
        assert_eq!(shrink(steps.clone(), 300, |steps| *steps == whole).0, steps);
        let (_, tries) = shrink(calls(&vec![get_cap(); 100]), 5, |_| false);
        assert_eq!(tries, 5);
    }
}
