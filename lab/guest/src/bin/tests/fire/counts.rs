//! What was sent, and how it ended.

use std::collections::BTreeMap;
use std::fmt;

use tph_abi::Errno;

use super::Outcome;

/// A kind of call. All of them enter the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `VFIO_DEVICE_PCI_TPH`.
    Tph,
    /// `VFIO_DEVICE_FEATURE` with the number of `DMA_BUF_TPH`.
    DmaBufTph,
    /// `VFIO_DEVICE_SET_IRQS`.
    SetIrqs,
    /// Anything else that a driver does, which the module hands on.
    HandedOn,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Tph, Self::DmaBufTph, Self::SetIrqs, Self::HandedOn];
}

/// How calls ended: by kind and error number, 0 without one.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<Kind, BTreeMap<i32, u64>>);

impl Counts {
    /// One more.
    pub(super) fn count(&mut self, kind: Kind, outcome: Result<u32, i32>) {
        *self.0.entry(kind).or_default().entry(outcome.err().unwrap_or(0)).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (kind, ends) in &other.0 {
            for (errno, count) in ends {
                *self.0.entry(*kind).or_default().entry(*errno).or_default() += count;
            }
        }
    }

    /// Every kind was sent, done and refused.
    pub(super) fn expect_every_kind(&self) -> Outcome {
        for kind in Kind::ALL {
            let ends = self.0.get(&kind).ok_or_else(|| format!("{kind:?} was never sent"))?;
            // On a kernel whose VFIO exports no dma-bufs, nothing can be done with them.
            if kind != Kind::DmaBufTph && !(ends.contains_key(&0) && ends.len() > 1) {
                return Err(format!("{kind:?} always ended in the same way: {ends:?}").into());
            }
        }
        Ok(())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, ends) in &self.0 {
            write!(f, "{kind:?}: {} calls:", ends.values().sum::<u64>())?;
            for (errno, count) in ends {
                match errno {
                    0 => write!(f, " {count} done")?,
                    errno => write!(f, ", {count} {}", Errno(*errno))?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
