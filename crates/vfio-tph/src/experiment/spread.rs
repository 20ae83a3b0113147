//! Where the middle half of some numbers lies.

/// Median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// A quarter of the numbers is at most this.
    pub lower: f64,
    /// The one in the middle.
    pub median: f64,
    /// A quarter of the numbers is at least this.
    pub upper: f64,
}

impl Spread {
    /// That of these numbers; between two of them it is interpolated. `None` if there is none, or one is
    /// no number.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let finite = sorted.iter().all(|number| number.is_finite());
        (finite && !sorted.is_empty()).then(|| Self {
            lower: quantile(&sorted, 1, 4),
            median: quantile(&sorted, 1, 2),
            upper: quantile(&sorted, 3, 4),
        })
    }
}

/// The number below which `part` of `whole` of the sorted numbers are, interpolated; 0 of no numbers.
pub(super) fn quantile(sorted: &[f64], part: usize, whole: usize) -> f64 {
    let position = sorted.len().saturating_sub(1) * part;
    let (index, rest) = (position / whole, position % whole);
    let Some(at) = sorted.get(index) else { return 0.0 };
    let next = sorted.get(index + 1).unwrap_or(at);
    #[expect(clippy::cast_precision_loss, reason = "two small numbers")]
    let share = rest as f64 / whole as f64;
    at * (1.0 - share) + next * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let of = |numbers: &[f64]| Spread::of(numbers.iter().copied());
        let spread = |lower, median, upper| Some(Spread { lower, median, upper });
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0]), spread(3.0, 3.0, 3.0));
        assert_eq!(of(&[4.0, 1.0, 3.0, 2.0]), spread(1.75, 2.5, 3.25));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), spread(2.0, 3.0, 4.0));
        assert_eq!(of(&[1.0, f64::NAN]), None);
        assert_eq!(of(&[1.0, f64::INFINITY]), None);
    }
}
