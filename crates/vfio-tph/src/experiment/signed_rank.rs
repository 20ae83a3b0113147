//! Wilcoxon's signed-rank test and the estimate that belongs to it (Hollander, Wolfe, Chicken: Nonparametric
//! Statistical Methods, 3.1 to 3.3). Exact for any number of rounds, with ties too.

use super::LEVEL;
use super::spread::quantile;

/// How likely it is that coins give these differences their signs so unevenly, or more so. Differences of 0 say nothing and are
/// left out; equal ones share their ranks.
pub(super) fn p_value(differences: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|it| *it != 0.0).collect();
    sorted.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let ranks = doubled_ranks(&sorted);
    let side = |positive: bool| -> usize {
        let of_side = ranks.iter().zip(&sorted).filter(|(_, value)| (**value > 0.0) == positive);
        of_side.map(|(rank, _)| rank).sum()
    };
    let smaller = side(true).min(side(false));
    let tail: f64 = sums(&ranks, smaller).iter().sum();
    (2.0 * tail).min(1.0)
}

/// The median of the means of each two differences, and of each alone: what was added in the middle of all
/// rounds (Hodges and Lehmann). And between which numbers what is really added lies in 95 of 100
/// experiments; `None` if there are too few differences to say so.
pub(super) fn estimate(differences: &[f64]) -> (f64, Option<(f64, f64)>) {
    let mut means: Vec<f64> = Vec::new();
    for (at, one) in differences.iter().enumerate() {
        means.extend(differences[at..].iter().map(|other| f64::midpoint(*one, *other)));
    }
    means.sort_unstable_by(f64::total_cmp);
    let interval = outside(differences.len()).and_then(|outside| {
        Some((*means.get(outside)?, *means.get(means.len().checked_sub(outside + 1)?)?))
    });
    (quantile(&means, 1, 2), interval)
}

/// How many of the means lie outside of the interval on each side: the largest sum of ranks that is rare enough.
fn outside(differences: usize) -> Option<usize> {
    let ranks: Vec<usize> = (1..=differences).collect();
    // Half of the sums are at most the middle one; so is the tail.
    let tail = sums(&ranks, ranks.iter().sum::<usize>() / 2);
    let mut total = 0.0;
    let within = tail.iter().take_while(|chance| {
        total += **chance;
        2.0 * total <= LEVEL
    });
    within.count().checked_sub(1)
}

/// Twice the rank of each number, which are sorted by their size; equal ones get the mean of theirs.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for equal in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let before = ranks.len();
        ranks.extend(std::iter::repeat_n(2 * before + equal.len() + 1, equal.len()));
    }
    ranks
}

/// How likely each sum from 0 to `most` is, if a fair coin chooses for each rank whether it is in the sum.
fn sums(ranks: &[usize], most: usize) -> Vec<f64> {
    let mut chances = vec![0.0; most + 1];
    chances[0] = 1.0;
    for rank in ranks {
        for sum in (0..=most).rev() {
            let with = sum.checked_sub(*rank).map_or(0.0, |rest| chances[rest]);
            chances[sum] = f64::midpoint(chances[sum], with);
        }
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Hollander and Wolfe have of Salsburg's patients: a scale of depression before and after a tranquilizer.
    const BEFORE: [f64; 9] = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
    #[expect(clippy::approx_constant, reason = "a measurement, not pi")]
    const AFTER: [f64; 9] = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

    fn patients() -> Vec<f64> {
        AFTER.iter().zip(BEFORE).map(|(after, before)| after - before).collect()
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_example_of_the_textbook() {
        // The sum of the positive ranks is 5: one side 0.0195, and of the means of two -0.46 is the middle.
        assert!(near(p_value(&patients()), 20.0 / 512.0), "{}", p_value(&patients()));
        let (estimate, interval) = estimate(&patients());
        assert!(near(estimate, -0.46), "{estimate}");
        // 96.1 percent: 2 * 10/512 = 3.9 percent are outside.
        let (lower, upper) = interval.unwrap();
        assert!(near(lower, -0.786) && near(upper, -0.010), "{lower} {upper}");
    }

    #[test]
    fn the_tails_of_the_table() {
        // Critical values of both sides at 5 percent (Wilcoxon 1945 and every table since).
        for (rounds, critical) in
            [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (15, 25), (20, 52), (25, 89)]
        {
            assert_eq!(outside(rounds), Some(critical), "{rounds}");
        }
        assert_eq!(outside(5), None);
    }

    /// All ways in which coins can fall, one by one.
    fn by_counting(differences: &[f64]) -> f64 {
        let mut sizes: Vec<f64> =
            differences.iter().filter(|it| **it != 0.0).map(|it| it.abs()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let rank = |size: f64| {
            let places = sizes.iter().zip(1..).filter(|(other, _)| other.total_cmp(&size).is_eq());
            let (sum, count) = places.fold((0, 0), |(sum, count), (_, at)| (sum + at, count + 1));
            f64::from(sum) / f64::from(count)
        };
        let ranks: Vec<f64> = sizes.iter().map(|size| rank(*size)).collect();
        let whole: f64 = ranks.iter().sum();
        let off_middle = |sum: f64| (sum - whole / 2.0).abs();
        let seen: f64 = differences.iter().filter(|it| **it > 0.0).map(|it| rank(*it)).sum();
        let ways = 1_u32 << sizes.len();
        let as_uneven = (0..ways).filter(|way| {
            let chosen = ranks.iter().enumerate().filter(|(bit, _)| way >> bit & 1 == 1);
            off_middle(chosen.map(|(_, rank)| rank).sum()) >= off_middle(seen) - 1e-9
        });
        f64::from(u32::try_from(as_uneven.count()).unwrap()) / f64::from(ways)
    }

    #[test]
    fn the_value_is_that_of_counting_all_ways_with_ties_and_zeros_too() {
        let mut random = fastrand::Rng::with_seed(4);
        for _ in 0..300 {
            let length = random.usize(0..12);
            let differences: Vec<_> =
                (0..length).map(|_| f64::from(random.i32(-4..=6)) / 4.0).collect();
            let (ours, counted) = (p_value(&differences), by_counting(&differences));
            assert!(near(ours, counted), "{differences:?}: {ours} {counted}");
        }
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        assert!(near(p_value(&[]), 1.0) && near(p_value(&[0.0; 30]), 1.0));
        assert_eq!(estimate(&[]), (0.0, None));
    }

    #[test]
    fn a_thousand_rounds_are_no_problem() {
        let differences: Vec<f64> = (0..1000).map(|at| f64::from(at) - 480.5).collect();
        let p = p_value(&differences);
        assert!(p > 0.01 && p < LEVEL, "{p}");
        let (lower, upper) = estimate(&differences).1.unwrap();
        assert!(lower > 0.0 && upper > lower, "{lower} {upper}");
    }
}
