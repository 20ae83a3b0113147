//! One fault after the other until there are no more, and what came of them.

use std::collections::BTreeMap;
use std::fmt;

use tph_abi::Errno;
use tph_lab_guest::Failure;

use super::Outcome;

/// More faults than any of this has: whoever gets so far goes on for ever.
const MOST: u32 = 5000;

/// How a round with one fault ended.
pub(super) struct Round {
    pub(super) injected: bool,
    /// What was asked for; what it failed with, as far as that is told.
    pub(super) ended: Result<(), Option<Errno>>,
}

/// What came of a sweep.
#[derive(Debug, Default)]
pub(super) struct Tally {
    faults: u32,
    /// How often it failed with what.
    errors: BTreeMap<Option<i32>, u32>,
}

/// Rounds with the first fault, or each `stride`th, until there are no more.
pub(super) fn sweep(
    name: &str,
    stride: usize,
    mut round: impl FnMut(u32) -> Result<Round, Failure>,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    for nth in (1..MOST).step_by(stride) {
        let Round { injected, ended } =
            round(nth).map_err(|error| format!("fault {nth}: {error}"))?;
        let ended = ended.map_err(|errno| errno.map(|Errno(errno)| errno));
        match (injected, ended) {
            (true, Ok(())) => tally.faults += 1,
            (true, Err(errno)) => {
                tally.faults += 1;
                *tally.errors.entry(errno).or_default() += 1;
            }
            (false, Err(errno)) => {
                return Err(
                    format!("without a fault, after {nth}, it fails: {}", said(errno)).into()
                );
            }
            (false, Ok(())) => {
                println!("faults: {name}: {tally}; none from {nth} on, every {stride}");
                return Ok(tally);
            }
        }
    }
    Err(format!("after {MOST} faults there are still more").into())
}

impl Tally {
    /// Something could fail, and did.
    pub(super) fn has_faults(&self) -> Outcome {
        if self.faults == 0 { Err("no fault was injected".into()) } else { Ok(()) }
    }

    /// Nothing could fail.
    pub(super) fn has_no_faults(&self) -> Outcome {
        if self.faults == 0 { Ok(()) } else { Err(format!("something can fail: {self}").into()) }
    }

    /// Something did, and nothing came of it.
    pub(super) fn never_failed(&self) -> Outcome {
        self.has_faults()?;
        if self.errors.is_empty() { Ok(()) } else { Err(self.to_string().into()) }
    }

    /// One fault or more was what it failed with, and nothing else was.
    pub(super) fn failed_with(&self, errno: Errno) -> Outcome {
        self.has_faults()?;
        if self.errors.keys().eq(&[Some(errno.0)]) {
            return Ok(());
        }
        Err(format!("it should fail with {errno}: {self}").into())
    }

    /// One fault or more was what it failed with, and others were others.
    pub(super) fn failed_also_with(&self, errno: Errno) -> Outcome {
        self.has_faults()?;
        if self.errors.contains_key(&Some(errno.0)) {
            return Ok(());
        }
        Err(format!("it never failed with {errno}: {self}").into())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faults", self.faults)?;
        self.errors.iter().try_for_each(|(errno, times)| write!(f, ", {times} {}", said(*errno)))
    }
}

fn said(errno: Option<i32>) -> String {
    errno.map_or_else(|| "without an errno".to_owned(), |errno| Errno(errno).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sweep of what has so many faults; the nth of them ends so.
    fn swept(faults: u32, ended: impl Fn(u32) -> Result<(), Errno>) -> Result<Tally, Failure> {
        sweep("a test", 1, |nth| {
            let injected = nth <= faults;
            let ended = if injected { ended(nth) } else { Ok(()) };
            Ok(Round { injected, ended: ended.map_err(Some) })
        })
    }

    #[test]
    fn a_sweep_without_a_fault_is_noticed() {
        let none = swept(0, |_| Ok(())).unwrap();
        assert!(none.has_faults().is_err() && none.never_failed().is_err());
        assert!(none.failed_with(Errno::ENOMEM).is_err());
        assert!(none.failed_also_with(Errno::ENOMEM).is_err());
        none.has_no_faults().unwrap();
    }

    #[test]
    fn a_sweep_tells_what_its_faults_ended_with() {
        let spared = swept(2, |_| Ok(())).unwrap();
        spared.never_failed().unwrap();
        assert!(spared.has_no_faults().is_err() && spared.failed_with(Errno::ENOMEM).is_err());
        let failing = |also: Errno| {
            swept(3, move |nth| match nth {
                1 => Err(Errno::ENOMEM),
                2 => Err(also),
                _ => Ok(()),
            })
        };
        let failed = failing(Errno::ENOMEM).unwrap();
        assert_eq!(failed.to_string(), "3 faults, 2 ENOMEM");
        failed.failed_with(Errno::ENOMEM).unwrap();
        assert!(failed.never_failed().is_err() && failed.failed_with(Errno::EFAULT).is_err());
        let mixed = failing(Errno::EIO).unwrap();
        mixed.failed_also_with(Errno::EIO).unwrap();
        assert!(mixed.failed_with(Errno::ENOMEM).is_err());
    }

    #[test]
    fn a_sweep_ends_and_works_without_a_fault() {
        assert!(swept(MOST, |_| Ok(())).is_err());
        let broken = |_| Ok(Round { injected: false, ended: Err(None) });
        assert!(sweep("a test", 1, broken).is_err());
    }
}
