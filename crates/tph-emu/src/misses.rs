//! A counter of last-level cache misses, as the CPUs that read the data of a function would count them.
//!
//! Nothing is cached here. The packets decide: data that was sent with a tag which names the last cache of its reader is there when it
//! reads, other data mostly not. How often which of the two is missed, and how noisy the counter is, the profile says
//! ([`MissProfile`]); with the same share for both there is no difference to be found.

use crate::profile::{MissProfile, Profile};
use crate::scoreboard::{CacheName, QueueScore, Scoreboard};

/// A line of a cache.
const LINE: u64 = 64;
/// The shares of a profile are parts of this.
const WHOLE: f64 = 1000.0;

/// A counter that only grows. The same profile and the same traffic give the same counts.
#[derive(Clone, Debug)]
pub struct MissCounter {
    misses: MissProfile,
    /// Each queue, and the last cache of the CPU that reads its data.
    readers: Vec<(u16, Option<CacheName>)>,
    noise: fastrand::Rng,
    without_noise: f64,
    count: f64,
}

impl MissCounter {
    /// The counter of these queues, each with the CPU that reads its data; `None` if the host has no such
    /// counter.
    pub fn new(host: &Profile, readers: impl IntoIterator<Item = (u16, u32)>) -> Option<Self> {
        let misses = host.misses?;
        let last = |cpu| {
            let caches = host.caches_of(cpu);
            caches.last().map(|cache| CacheName { level: cache.level, id: cache.id })
        };
        let readers = readers.into_iter().map(|(queue, cpu)| (queue, last(cpu))).collect();
        let noise = fastrand::Rng::with_seed(misses.seed);
        Some(Self { misses, readers, noise, without_noise: 0.0, count: 0.0 })
    }

    /// Reads it, after the function has sent what the board says.
    pub fn read(&mut self, board: &Scoreboard) -> f64 {
        let of = |(queue, cache): &(u16, Option<CacheName>)| {
            board.queue(*queue).map_or(0.0, |score| missed(self.misses, score, *cache))
        };
        let now: f64 = self.readers.iter().map(of).sum();
        // Twelve uniform numbers have a standard deviation of 1.
        let normal = (0..12).map(|_| self.noise.f64()).sum::<f64>() - 6.0;
        let noisy = 1.0 + normal * f64::from(self.misses.noise) / WHOLE;
        self.count += (now - self.without_noise).max(0.0) * noisy.max(0.0);
        self.without_noise = now;
        self.count
    }
}

/// How many lines a reader with this last cache misses of what a queue sent.
fn missed(misses: MissProfile, score: &QueueScore, cache: Option<CacheName>) -> f64 {
    let there = |caches: &[CacheName]| cache.is_some_and(|cache| caches.contains(&cache));
    let placed = score.hints.iter().filter(|hint| there(&hint.caches));
    let placed: u64 = placed.map(|hint| hint.bytes).sum();
    let elsewhere = score.bytes.saturating_sub(placed);
    lines(placed) * f64::from(misses.steered) / WHOLE
        + lines(elsewhere) * f64::from(misses.unsteered) / WHOLE
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^53 lines")]
fn lines(bytes: u64) -> f64 {
    bytes.div_ceil(LINE) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoreboard::HintScore;

    const L3: CacheName = CacheName { level: 3, id: 1 };

    fn host(steered: u16, unsteered: u16, noise: u16) -> Profile {
        let misses = Some(MissProfile { steered, unsteered, noise, seed: 1 });
        Profile { misses, ..Profile::demo() }
    }

    /// Queue 0, which sent so many bytes with a hint that names these caches, and so many without.
    fn board(hinted: u64, caches: &[CacheName], plain: u64) -> Scoreboard {
        let hint = |bytes, caches: &[CacheName]| {
            let caches = caches.to_vec();
            HintScore { hint: None, writes: 1, bytes, cpus: Vec::new(), caches }
        };
        let hints = vec![hint(hinted, caches), hint(plain, &[])];
        let (writes, bytes) = (2, hinted + plain);
        let queues = vec![QueueScore { queue: 0, writes, bytes, faults: 0, hints, other_hints: 0 }];
        Scoreboard { function: String::new(), bdf: String::new(), queues }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn only_a_tag_that_names_the_last_cache_of_the_reader_saves_misses() {
        let l2 = CacheName { level: 2, id: 18 };
        let other = CacheName { level: 3, id: 2 };
        // CPU 4 has L2 18 and L3 1.
        let count = |board| MissCounter::new(&host(100, 900, 0), [(0, 4)]).unwrap().read(&board);
        assert!(near(count(board(64_000, &[l2, L3], 0)), 100.0));
        assert!(near(count(board(64_000, &[other], 0)), 900.0));
        assert!(near(count(board(64_000, &[], 0)), 900.0));
        assert!(near(count(board(64_000, &[L3], 64_000)), 1000.0));
    }

    #[test]
    fn it_grows_with_what_was_sent_and_noise_is_of_the_growth_alone() {
        let mut counter = MissCounter::new(&host(100, 900, 50), [(0, 4)]).unwrap();
        let mut last = 0.0;
        for sent in 1..200 {
            let count = counter.read(&board(64_000 * sent, &[L3], 0));
            let grown = count - last;
            assert!(grown > 70.0 && grown < 130.0, "{grown}");
            last = count;
        }
        assert!(near(counter.read(&board(64_000 * 199, &[L3], 0)), last), "nothing was sent");
    }

    #[test]
    fn a_host_without_the_key_has_no_counter_and_a_queue_without_traffic_none_missed() {
        let without = Profile { misses: None, ..Profile::demo() };
        assert!(MissCounter::new(&without, [(0, 4)]).is_none());
        let mut counter = MissCounter::new(&host(1, 2, 0), [(7, 4)]).unwrap();
        assert!(near(counter.read(&board(64_000, &[L3], 0)), 0.0));
    }
}
