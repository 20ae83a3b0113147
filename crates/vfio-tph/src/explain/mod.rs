//! Why TPH does or does not work for a function: the chain from the device to the cache, link by
//! link, each with what speaks for it and what was seen.
//!
//! [`explain`] is a pure function: [`Facts`] in, [`Explanation`] out. What a register means is asked
//! of the crate `tph`; what is said is in `words.rs` and nowhere else.

mod device;
mod evidence;
mod facts;
mod finding;
mod linux;
mod words;

pub use evidence::Evidence;
pub use facts::{Binding, Facts, FirmwareTags, Served};
pub use finding::{Answer, Finding};

use tph::Bdf;

use crate::{Advice, FunctionView};

/// A link of the chain from the device to the cache, in the order of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Link {
    /// The device's TPH Requester capability.
    Requester,
    /// Its modes.
    Modes,
    /// Its ST table.
    Table,
    /// What the root port takes.
    RootPort,
    /// A port on the way: does it let the tags through?
    Routing,
    /// Who names tags.
    Firmware,
    /// How the kernel was booted.
    BootParameters,
    /// The kernel.
    Kernel,
    /// The module in the kernel.
    Module,
    /// The IOMMU.
    Iommu,
    /// The driver that the device is bound to.
    Driver,
    /// The other devices of its IOMMU group.
    Group,
    /// The files that a user opens.
    Access,
    /// The CPUs, and the caches that data can land in.
    Caches,
    /// How much of a cache writes of devices may take.
    CacheAllocation,
}

/// One link: what was found, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// Which link.
    pub link: Link,
    /// What was found.
    pub finding: Finding,
    /// The registers and files that say so.
    pub evidence: Vec<Evidence>,
}

impl Reason {
    /// Whether TPH gets past this link.
    pub fn answer(&self) -> Answer {
        self.finding.answer()
    }
}

/// The whole chain for one function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The function.
    pub address: Bdf,
    /// The links, from the device to the cache. A link about which nothing can be said, because an
    /// earlier one is missing, is left out; there may be several of [`Link::Routing`].
    pub reasons: Vec<Reason>,
}

impl Explanation {
    /// Whether TPH works: [`Answer::No`] if one link says no, else [`Answer::Unknown`] if one is not
    /// known.
    pub fn answer(&self) -> Answer {
        let worst = |a: Answer, b: Answer| a.max(b);
        self.reasons.iter().map(Reason::answer).fold(Answer::Yes, worst)
    }

    /// The first link that decides about the whole: the first no, without one the first that is
    /// not known.
    pub fn decisive(&self) -> Option<&Reason> {
        let answer = self.answer();
        self.reasons.iter().find(|reason| reason.answer() == answer && answer != Answer::Yes)
    }

    /// What to do next: about the first no, without one about the first unknown link about which
    /// something can be done.
    pub fn advice(&self) -> Option<Advice> {
        let answer = self.answer();
        let deciding = self.reasons.iter().filter(|reason| reason.answer() == answer);
        let mut advice = deciding.map(|reason| reason.finding.advice(self.address));
        match answer {
            Answer::No => advice.next().flatten(),
            _ => advice.flatten().next(),
        }
    }
}

impl FunctionView {
    /// The ports on the way that keep back the packets which the function sends with TPH on, as
    /// [`explain`] finds them: the module turns TPH on all the same, with the widest tags that function
    /// and root port have in common. None where a port could not be read.
    pub fn kept_back(&self) -> Vec<Finding> {
        let findings = device::routing(self).into_iter().map(|reason| reason.finding);
        findings.filter(|finding| finding.answer() == Answer::No).collect()
    }
}

/// Follows the chain of `facts`.
///
/// ```no_run
/// # fn main() -> Result<(), vfio_tph::Error> {
/// use vfio_tph::{Host, explain};
///
/// let explanation = explain(&Host::default().facts("0000:01:00.0".parse().unwrap())?);
/// for reason in &explanation.reasons {
///     println!("{}: {}: {}", reason.answer(), reason.link, reason.finding);
/// }
/// if let Some(advice) = explanation.advice() {
///     println!("next: {advice}");
/// }
/// # Ok(()) }
/// ```
pub fn explain(facts: &Facts) -> Explanation {
    let mut reasons = device::reasons(facts);
    reasons.extend(linux::reasons(facts));
    reasons.sort_by_key(|reason| reason.link);
    Explanation { address: facts.function.address, reasons }
}

#[cfg(test)]
mod tests;
