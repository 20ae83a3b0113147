//! Latencies that the load measures itself: lines of numbers, which belong to the phase in which they arrive.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::instrument::{Instrument, Metric};
use crate::failure::Failure;

/// How often a file is looked at for what is new in it.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// No number is longer.
const LONGEST: usize = 256;

/// What has arrived since the phase began.
#[derive(Debug, Default)]
struct Arrived {
    numbers: Vec<f64>,
    /// Lines that are no numbers, since the start.
    strange: u64,
}

/// Medians and tails of what arrives in a phase.
pub(super) struct Samples {
    arrived: Arc<Mutex<Arrived>>,
    unit: String,
}

impl Samples {
    /// Those in a file or FIFO: of a file what is added from now on, of a FIFO what comes.
    pub(super) fn open(path: &Path, unit: &str) -> Result<Self, Failure> {
        let failed = |error| Failure::Samples { path: path.to_owned(), error };
        let is_fifo = std::fs::metadata(path).map_err(failed)?.file_type().is_fifo();
        // Open for writing too, a FIFO has no end when a writer goes, and none has to be there first.
        let mut file = OpenOptions::new().read(true).write(is_fifo).open(path).map_err(failed)?;
        if !is_fifo {
            file.seek(SeekFrom::End(0)).map_err(failed)?;
        }
        Ok(Self::of(Growing(file), unit))
    }

    /// Those that somebody writes until he closes it.
    pub(super) fn of(source: impl Read + Send + 'static, unit: &str) -> Self {
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let into = Arc::clone(&arrived);
        thread::spawn(move || read_all(source, &into));
        Self { arrived, unit: unit.to_owned() }
    }

    /// Asks how many lines were no numbers, later too.
    pub(super) fn strange(&self) -> impl Fn() -> u64 + use<> {
        let arrived = Arc::clone(&self.arrived);
        move || lock(&arrived).strange
    }

    fn lock(&self) -> MutexGuard<'_, Arrived> {
        lock(&self.arrived)
    }
}

fn lock(arrived: &Mutex<Arrived>) -> MutexGuard<'_, Arrived> {
    arrived.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file at whose end is waited for more. Whoever makes it shorter begins anew.
struct Growing(File);

impl Growing {
    /// Whether it ends before what was read of it. A FIFO has no position, and never does.
    fn is_shorter(&mut self) -> io::Result<bool> {
        let metadata = self.0.metadata()?;
        Ok(metadata.is_file() && metadata.len() < self.0.stream_position()?)
    }
}

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(into) {
                Ok(0) if self.is_shorter()? => self.0.rewind()?,
                Ok(0) => thread::sleep(LOOK_AGAIN),
                read => return read,
            }
        }
    }
}

/// Reads until the source ends, or cannot be read.
fn read_all(mut source: impl Read, into: &Mutex<Arrived>) {
    let (mut line, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = match source.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut arrived = lock(into);
        for byte in &piece[..length] {
            match byte {
                b'\n' => arrived.take(&std::mem::take(&mut line)),
                // One more is kept, which makes it no number.
                byte if line.len() <= LONGEST => line.push(*byte),
                _ => {}
            }
        }
    }
}

impl Arrived {
    fn take(&mut self, line: &[u8]) {
        let text = std::str::from_utf8(line).ok().filter(|text| text.len() <= LONGEST);
        let Some(text) = text.map(str::trim) else { return self.strange += 1 };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => self.numbers.push(number),
            _ if text.is_empty() => {}
            _ => self.strange += 1,
        }
    }
}

/// What samples in this unit tell.
pub(super) fn metrics(unit: &str) -> [Metric; 2] {
    ["latency-median", "latency-99-percent"].map(|name| Metric::new(name, unit, "samples"))
}

impl Instrument for Samples {
    fn metrics(&self) -> Vec<Metric> {
        metrics(&self.unit).into()
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.lock().numbers.clear();
        Ok(())
    }

    fn stop(&mut self, _: Duration) -> Result<Vec<f64>, Failure> {
        let mut numbers = std::mem::take(&mut self.lock().numbers);
        numbers.sort_unstable_by(f64::total_cmp);
        let at = |part: usize| numbers.len().saturating_sub(1) * part / 100;
        let of = |part| numbers.get(at(part)).copied().unwrap_or(f64::NAN);
        Ok(vec![of(50), of(99)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Instant;

    fn wait_for(samples: &Samples, numbers: usize, strange: u64) {
        let start = Instant::now();
        let all = || {
            let arrived = samples.lock();
            (arrived.numbers.len(), arrived.strange)
        };
        while all() != (numbers, strange) {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", all());
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_arrives_in_a_phase_belongs_to_it() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "9999").unwrap();
        let mut samples = Samples::open(file.path(), "us").unwrap();
        write!(file, "1\n 2.5 \nnonsense\n\n-\nNaN\n{}\n3", "7".repeat(5000)).unwrap();
        wait_for(&samples, 2, 4);
        samples.start().unwrap();
        let empty = samples.stop(Duration::ZERO).unwrap();
        assert!(empty.iter().all(|value| value.is_nan()), "{empty:?}");
        writeln!(file, "0").unwrap();
        for number in 1..=100 {
            writeln!(file, "{number}").unwrap();
        }
        wait_for(&samples, 101, 4);
        // 30 (its line came in two pieces), and 1 to 100.
        assert_eq!(samples.stop(Duration::ZERO).unwrap(), [50.0, 99.0]);
        assert_eq!(samples.strange()(), 4);
        assert_eq!(samples.metrics()[0].unit, "us");
    }

    #[test]
    fn a_file_that_is_written_anew_is_read_from_its_beginning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "11\n12\n13\n14\n").unwrap();
        let samples = Samples::open(file.path(), "us").unwrap();
        for (count, text) in [(1, "5\n"), (3, "1\n2\n")] {
            // Emptied before it is written, as a shell does.
            drop(File::create(file.path()).unwrap());
            thread::sleep(20 * LOOK_AGAIN);
            std::fs::write(file.path(), text).unwrap();
            wait_for(&samples, count, 0);
        }
        assert_eq!(samples.lock().numbers, [5.0, 1.0, 2.0]);
    }

    #[test]
    fn a_fifo_needs_no_writer_to_begin_with_and_may_lose_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &path,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )
        .unwrap();
        let samples = Samples::open(&path, "ns").unwrap();
        for count in 1..4 {
            std::fs::write(&path, "5\n").unwrap();
            wait_for(&samples, count, 0);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Samples::open(Path::new("/nonexistent"), "ns").err().unwrap();
        assert!(error.to_string().starts_with("/nonexistent: "), "{error}");
    }
}
