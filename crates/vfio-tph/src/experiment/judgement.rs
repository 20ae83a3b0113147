//! What was measured, judged.

use super::{LEVEL, Pair, Spread, signed_rank};

/// What the rounds say about one measurement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// In how many rounds it was measured in both phases.
    pub rounds: usize,
    /// Without steering; `None` if it was never measured.
    pub off: Option<Spread>,
    /// With it.
    pub on: Option<Spread>,
    /// What steering added; `None` if it was never measured.
    pub difference: Option<Difference>,
    /// How likely coins alone make it look like this, or more so; corrected for how many measurements were
    /// looked at together (Holm 1979).
    pub p: f64,
    /// Whether it means anything.
    pub verdict: Verdict,
}

/// What steering added to a measurement, in its unit: negative if it took something away.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// In the middle of all rounds (Hodges and Lehmann).
    pub estimate: f64,
    /// What is really added lies between these in 95 of 100 experiments; `None` if there are fewer than six
    /// rounds. It is of this measurement alone, not corrected for the others.
    pub interval: Option<(f64, f64)>,
    /// The differences of the rounds.
    pub spread: Spread,
}

/// Whether a difference means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Steering makes a difference: coins alone look so in less than [`LEVEL`] of experiments.
    Difference,
    /// None was found. A difference inside of the interval may be there.
    NoDifference,
    /// So few rounds that nothing could have been found ([`fewest_rounds`]).
    TooFewRounds,
}

/// How many rounds it takes at least until anything can be found, with so many measurements looked at together: until all
/// coins falling on one side is rare enough.
pub fn fewest_rounds(measurements: usize) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let measurements = measurements.max(1) as f64;
    let halvings = std::iter::successors(Some(2.0 * measurements), |chance| Some(chance / 2.0));
    let too_few = halvings.zip(0..).find(|(chance, _)| *chance <= LEVEL);
    too_few.map_or(u32::MAX, |(_, rounds)| rounds)
}

/// Judges measurements that were made in the same rounds, together: however many there are, in at most [`LEVEL`] of experiments
/// without any difference one is called a difference. A pair with what is no number is left out.
pub fn judge(measurements: &[Vec<Pair>]) -> Vec<Judgement> {
    let needed = fewest_rounds(measurements.len()) as usize;
    let mut judged: Vec<_> = measurements.iter().map(|pairs| alone(pairs)).collect();
    let mut by_chance: Vec<usize> = (0..judged.len()).collect();
    by_chance.sort_by(|a, b| judged[*a].p.total_cmp(&judged[*b].p));
    let mut largest: f64 = 0.0;
    for (before, index) in by_chance.iter().enumerate() {
        let left = by_chance.len() - before;
        let judgement = &mut judged[*index];
        #[expect(clippy::cast_precision_loss, reason = "they are few")]
        let corrected = judgement.p * left as f64;
        largest = largest.max(corrected.min(1.0));
        judgement.p = largest;
        judgement.verdict = if largest <= LEVEL {
            Verdict::Difference
        } else if judgement.rounds < needed {
            Verdict::TooFewRounds
        } else {
            Verdict::NoDifference
        };
    }
    judged
}

/// One measurement as if it were the only one.
fn alone(pairs: &[Pair]) -> Judgement {
    let whole = |pair: &&Pair| pair.off.is_finite() && pair.on.is_finite();
    let pairs: Vec<Pair> = pairs.iter().filter(whole).copied().collect();
    let differences: Vec<f64> = pairs.iter().map(|pair| pair.difference()).collect();
    let (estimate, interval) = signed_rank::estimate(&differences);
    let difference = Spread::of(differences.iter().copied());
    Judgement {
        rounds: pairs.len(),
        off: Spread::of(pairs.iter().map(|pair| pair.off)),
        on: Spread::of(pairs.iter().map(|pair| pair.on)),
        difference: difference.map(|spread| Difference { estimate, interval, spread }),
        p: signed_rank::p_value(&differences),
        verdict: Verdict::NoDifference,
    }
}
