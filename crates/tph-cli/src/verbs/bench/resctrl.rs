//! What resctrl counts for each last-level cache: bytes from memory, and how much of it is in use.

use std::thread;
use std::time::Duration;

use vfio_tph::{CacheTraffic, CpuSet, Host};

use super::instrument::{Absent, Instrument, Metric, growth};
use crate::failure::Failure;

const MEBIBYTE: f64 = 1024.0 * 1024.0;
const SOURCE: &str = "resctrl";
const MOUNT: &str =
    "Mount it, if the processor monitors its caches: mount -t resctrl resctrl /sys/fs/resctrl.";
/// How often it is seen what is counted: a counter says "Unavailable" now and then, until the hardware has it again.
const LOOKS: u32 = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The caches of some CPUs; all, if it is not known which those are.
pub(super) struct Resctrl {
    host: Host,
    caches: Vec<u32>,
    first: CacheTraffic,
    before: CacheTraffic,
}

impl Resctrl {
    /// Those that there are, or why there are none.
    pub(super) fn open(host: Host, cpus: &CpuSet) -> Result<Self, Absent> {
        let topology = host.topology();
        let last = cpus.iter().filter_map(|cpu| topology.last_level_cache(cpu)?.id);
        let mut resctrl = Self {
            host,
            caches: last.collect(),
            first: CacheTraffic::default(),
            before: CacheTraffic::default(),
        };
        for look in 0..LOOKS {
            if look > 0 {
                thread::sleep(LOOK_AGAIN);
            }
            resctrl.first = either(resctrl.first, resctrl.read());
            if resctrl.metrics().len() == 3 || resctrl.host.cache_traffic().is_empty() {
                break;
            }
        }
        if !resctrl.metrics().is_empty() {
            return Ok(resctrl);
        }
        let (why, next) = if resctrl.host.has_resctrl() {
            ("/sys/fs/resctrl/mon_data has no counters that can be read", None)
        } else {
            ("/sys/fs/resctrl is not mounted", Some(MOUNT))
        };
        Err(Absent::new(SOURCE, why, next))
    }

    fn read(&self) -> CacheTraffic {
        let wanted = |id: &u32| self.caches.is_empty() || self.caches.contains(id);
        let all = self.host.cache_traffic();
        let all = all.into_iter().filter(|(id, _)| wanted(id)).map(|(_, traffic)| traffic);
        all.reduce(CacheTraffic::plus).unwrap_or_default()
    }
}

/// What one of two looks has seen.
fn either(one: CacheTraffic, other: CacheTraffic) -> CacheTraffic {
    let mut both = one;
    both.total_bytes = one.total_bytes.or(other.total_bytes);
    both.local_bytes = one.local_bytes.or(other.local_bytes);
    both.occupancy = one.occupancy.or(other.occupancy);
    both
}

#[expect(clippy::cast_precision_loss, reason = "a sixteenth digit")]
fn mebibytes(bytes: Option<u64>) -> f64 {
    bytes.map_or(f64::NAN, |bytes| bytes as f64 / MEBIBYTE)
}

impl Instrument for Resctrl {
    fn metrics(&self) -> Vec<Metric> {
        let metric = |name, unit| Metric::new(name, unit, SOURCE);
        let known = [
            (self.first.total_bytes, metric("memory-traffic", "MiB/s")),
            (self.first.local_bytes, metric("local-memory-traffic", "MiB/s")),
            (self.first.occupancy, metric("LLC-occupancy", "MiB")),
        ];
        known.into_iter().filter_map(|(value, metric)| value.map(|_| metric)).collect()
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.before = self.read();
        Ok(())
    }

    fn stop(&mut self, took: Duration) -> Result<Vec<f64>, Failure> {
        let after = self.read();
        let rate = |before, after| growth(mebibytes(before), mebibytes(after)) / took.as_secs_f64();
        let known = [
            (self.first.total_bytes, rate(self.before.total_bytes, after.total_bytes)),
            (self.first.local_bytes, rate(self.before.local_bytes, after.local_bytes)),
            (self.first.occupancy, mebibytes(after.occupancy)),
        ];
        Ok(known.into_iter().filter_map(|(first, value)| first.map(|_| value)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph_lab_hosts::known;

    #[test]
    fn the_caches_of_the_cpus_count_and_a_counter_that_is_unavailable_does_not() {
        let tree = known::demo();
        let write = |cache: u8, total: &str, occupancy: &str| {
            let folder = format!("/sys/fs/resctrl/mon_data/mon_L3_0{cache}");
            tree.file(&format!("{folder}/mbm_total_bytes"), total);
            tree.file(&format!("{folder}/mbm_local_bytes"), "Unavailable");
            tree.file(&format!("{folder}/llc_occupancy"), occupancy);
        };
        for cache in 0..4 {
            write(cache, "1048576", "2097152");
        }
        let host = Host::saved(tree.path());
        let cpus = CpuSet::parse("0,4").unwrap();
        let mut resctrl = Resctrl::open(host, &cpus).unwrap();
        let names: Vec<_> = resctrl.metrics().into_iter().map(|metric| metric.name).collect();
        assert_eq!(names, ["memory-traffic", "LLC-occupancy"]);
        resctrl.start().unwrap();
        write(0, "5242880", "1048576");
        write(3, "999999999", "999999999");
        assert_eq!(resctrl.stop(Duration::from_secs(2)).unwrap(), [2.0, 3.0]);
        resctrl.start().unwrap();
        write(1, "0", "0");
        let values = resctrl.stop(Duration::from_secs(2)).unwrap();
        assert!(values[0].is_nan(), "a counter that went back says nothing: {values:?}");
    }

    #[test]
    fn a_host_without_says_how_to_have_it() {
        let tree = known::laptop();
        let absent = || Resctrl::open(Host::saved(tree.path()), &CpuSet::default()).err().unwrap();
        assert!(absent().next.unwrap().contains("mount"));
        tree.file("/sys/fs/resctrl/info/L3/cbm_mask", "fff");
        assert_eq!(absent().next, None, "it is mounted, {}", absent().why);
    }

    #[test]
    fn a_counter_that_is_unavailable_at_first_counts() {
        let tree = known::demo();
        let file = "/sys/fs/resctrl/mon_data/mon_L3_00/mbm_total_bytes";
        tree.file(file, "Unavailable");
        let host = Host::saved(tree.path());
        let opened = thread::scope(|scope| {
            let opened = scope.spawn(|| Resctrl::open(host, &CpuSet::default()));
            thread::sleep(LOOK_AGAIN / 2);
            tree.file(file, "1048576");
            opened.join().unwrap()
        });
        assert_eq!(opened.unwrap().metrics()[0].name, "memory-traffic");
    }
}
