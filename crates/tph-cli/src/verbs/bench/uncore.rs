//! The counters of memory controllers: perf events of `uncore_imc`, where the kernel offers them by name (Intel).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perf_event::events::Dynamic;
use vfio_tph::CpuSet;

use super::instrument::{Absent, Instrument, Metric};
use super::perf::{self, Sum};
use crate::failure::Failure;

const PMUS: &str = "/sys/bus/event_source/devices";
const CONTROLLER: &str = "uncore_imc";
/// What the kernel calls reads and writes, by processor.
const READS: [&str; 3] = ["cas_count_read", "data_reads", "data_read"];
const WRITES: [&str; 3] = ["cas_count_write", "data_writes", "data_write"];
const WHAT: &str = "memory-controllers";

/// Reads and writes of all memory controllers. A controller counts for the machine, not for a CPU or a device.
pub(super) struct Controllers {
    directions: BTreeMap<&'static str, Direction>,
}

/// The counters of each controller, with the MiB that one of what they count is.
struct Direction(Vec<(Sum, f64)>);

impl Controllers {
    /// Those that there are, or why there are none.
    pub(super) fn open() -> Result<Self, Absent> {
        let pmus = controllers(Path::new(PMUS));
        if pmus.is_empty() {
            return Err(Absent::new(
                WHAT,
                format!("the kernel offers no {PMUS}/{CONTROLLER}*"),
                None,
            ));
        }
        let mut directions = BTreeMap::new();
        for (name, events) in [("memory-reads", READS), ("memory-writes", WRITES)] {
            match Direction::open(&pmus, &events) {
                Ok(Some(direction)) => drop(directions.insert(name, direction)),
                Ok(None) => {}
                Err(error) => return Err(perf::absent(WHAT, &error)),
            }
        }
        if directions.is_empty() {
            return Err(Absent::new(
                WHAT,
                "they have no event by name that counts MiB read or written",
                None,
            ));
        }
        Ok(Self { directions })
    }
}

impl Direction {
    /// The first of these events that a controller has, on one CPU of each socket. One of which the kernel does not tell how many
    /// MiB it counts is left out.
    fn open(pmus: &[PathBuf], events: &[&str]) -> io::Result<Option<Self>> {
        let mut sums = Vec::new();
        for pmu in pmus {
            let Some((event, scale)) = scaled(pmu, events) else { continue };
            let known = event_of(pmu, event)?;
            let mut counters = Vec::new();
            for cpu in CpuSet::parse(&text(&pmu.join("cpumask")).unwrap_or_default())
                .unwrap_or_default()
                .iter()
            {
                counters.push(perf::on_cpu(known, cpu.0)?);
            }
            if !counters.is_empty() {
                sums.push((Sum::new(counters), scale));
            }
        }
        Ok((!sums.is_empty()).then_some(Self(sums)))
    }
}

/// The folders of the memory controllers.
fn controllers(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of_memory = entries.filter(|it| it.file_name().to_string_lossy().starts_with(CONTROLLER));
    let mut found: Vec<_> = of_memory.map(|entry| entry.path()).collect();
    found.sort_unstable();
    found
}

/// The event, with every field of the controller that it does not name at 0.
fn event_of(pmu: &Path, event: &str) -> io::Result<Dynamic> {
    let mut builder = Dynamic::builder(pmu)?;
    for field in std::fs::read_dir(pmu.join("format"))? {
        let field = field?.file_name();
        builder.field(&field.to_string_lossy(), 0).map_err(io::Error::other)?;
    }
    builder.event(event)?.build().map_err(io::Error::other)
}

/// The first of these events that is there, if the kernel says how many MiB one of what it counts is.
fn scaled<'a>(pmu: &Path, events: &[&'a str]) -> Option<(&'a str, f64)> {
    events.iter().find_map(|event| Some((*event, mebibytes(pmu, event)?)))
}

/// How many MiB one of what an event counts is.
fn mebibytes(pmu: &Path, event: &str) -> Option<f64> {
    let told = |what| text(&pmu.join("events").join(format!("{event}.{what}")));
    let scale: f64 = told("scale")?.parse().ok()?;
    (told("unit")? == "MiB").then_some(scale)
}

fn text(path: &Path) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

impl Instrument for Controllers {
    fn metrics(&self) -> Vec<Metric> {
        let metric = |name: &&str| Metric::new(name, "MiB/s", "memory controllers");
        self.directions.keys().map(metric).collect()
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.directions.values_mut().for_each(|direction| {
            direction.0.iter_mut().for_each(|(sum, _)| sum.start());
        });
        Ok(())
    }

    fn stop(&mut self, took: Duration) -> Result<Vec<f64>, Failure> {
        let rate = |it: &mut Direction| {
            let mebibytes = it.0.iter_mut().map(|(sum, scale)| sum.counted() * *scale);
            mebibytes.sum::<f64>() / took.as_secs_f64()
        };
        Ok(self.directions.values_mut().map(rate).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_are_found_by_name_with_the_scale_of_their_events() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["uncore_imc_1", "uncore_imc_0", "cpu", "uncore_cha_0"] {
            std::fs::create_dir_all(folder.path().join(name).join("events")).unwrap();
        }
        let found = controllers(folder.path());
        let names: Vec<_> =
            found.iter().map(|it| it.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["uncore_imc_0", "uncore_imc_1"]);
        let write = |file: &str, text: &str| {
            std::fs::write(found[0].join("events").join(file), text).unwrap();
        };
        write("cas_count_read.scale", "6.103515625e-5\n");
        assert_eq!(mebibytes(&found[0], "cas_count_read"), None, "the unit is not told");
        assert_eq!(scaled(&found[0], &READS), None, "it would be taken for MiB");
        write("data_reads.scale", "64\n");
        write("data_reads.unit", "Bytes\n");
        assert_eq!(scaled(&found[0], &READS), None, "another unit");
        write("cas_count_read.unit", "MiB\n");
        assert_eq!(scaled(&found[0], &READS), Some(("cas_count_read", 6.103_515_625e-5)));
        assert_eq!(scaled(&found[1], &READS), None, "each controller says it for itself");
        assert_eq!(mebibytes(&found[0], "cas_count_read"), Some(6.103_515_625e-5));
    }

    #[test]
    fn an_event_of_the_kernel_is_opened_by_name() {
        // The time stamp counter: of all machines, and no memory controller.
        let msr = Path::new(PMUS).join("msr");
        if !msr.exists() {
            return;
        }
        let Ok(counter) = perf::on_cpu(event_of(&msr, "tsc").unwrap(), 0) else { return };
        let mut sum = Sum::new(vec![counter]);
        sum.start();
        std::thread::sleep(Duration::from_millis(20));
        assert!(sum.counted() > 1e6);
    }
}
