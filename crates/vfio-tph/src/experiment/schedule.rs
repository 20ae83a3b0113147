//! In which order steering is on and off.

use super::Setting;

/// Rounds of two phases, one with steering and one without; a coin chooses the order in each. The same seed gives the same coins.
#[derive(Clone, Debug)]
pub struct Schedule {
    coins: fastrand::Rng,
    left: u32,
}

impl Schedule {
    /// A schedule of so many rounds.
    pub fn new(rounds: u32, seed: u64) -> Self {
        Self { coins: fastrand::Rng::with_seed(seed), left: rounds }
    }
}

impl Iterator for Schedule {
    type Item = [Setting; 2];

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let first = if self.coins.bool() { Setting::On } else { Setting::Off };
        Some([first, first.other()])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.left as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Schedule {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_both_settings_and_a_seed_fixes_the_order() {
        let rounds: Vec<_> = Schedule::new(1000, 1).collect();
        assert_eq!(rounds.len(), 1000);
        assert!(rounds.iter().all(|[first, second]| *second == first.other()));
        assert_eq!(rounds, Schedule::new(1000, 1).collect::<Vec<_>>());
        assert_ne!(rounds, Schedule::new(1000, 2).collect::<Vec<_>>());
    }

    #[test]
    fn coins_are_fair_and_do_not_know_each_other() {
        let on_first = |[first, _]: [Setting; 2]| first == Setting::On;
        let coins: Vec<bool> = Schedule::new(100_000, 3).map(on_first).collect();
        // Five standard deviations of 100,000 tosses are 791.
        let near_half = |count: usize| count.abs_diff(50_000) < 791;
        assert!(near_half(coins.iter().filter(|on| **on).count()));
        assert!(near_half(coins.windows(2).filter(|pair| pair[0] == pair[1]).count()));
    }
}
