//! Why TPH does or does not work for a function.

use serde::Serialize;
use vfio_tph::{Evidence, Explanation, Facts, Reason};

use crate::words;

/// The chain from the device to the cache.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExplainReport {
    /// `0000:01:00.0`.
    pub(crate) device: String,
    /// `8086:1533`; null if the function does not answer or cannot be read.
    pub(crate) id: Option<String>,
    /// The class in words.
    pub(crate) kind: Option<&'static str>,
    /// What to say instead of an identity, in text.
    #[serde(skip)]
    pub(crate) no_identity: &'static str,
    /// `yes`, `no` or `unknown`: of the whole chain.
    pub(crate) answer: String,
    /// The same in a sentence.
    pub(crate) summary: String,
    /// From the device to the cache.
    pub(crate) links: Vec<LinkReport>,
    /// What to do, null if there is nothing to do.
    pub(crate) next: Option<String>,
}

/// One link.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LinkReport {
    /// Such as `root-port`; `routing` may come several times.
    pub(crate) link: String,
    /// `yes`, `no` or `unknown`.
    pub(crate) answer: String,
    /// What was found, in a sentence.
    pub(crate) finding: String,
    /// The registers and files that say so.
    pub(crate) evidence: Vec<EvidenceReport>,
}

/// A register or a file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EvidenceReport {
    /// In words, the value in hexadecimal.
    pub(crate) text: String,
    /// The function, if it is a register.
    pub(crate) function: Option<String>,
    /// The name of the register.
    pub(crate) register: Option<&'static str>,
    /// Where it lies in configuration space, if that is known.
    pub(crate) offset: Option<u16>,
    /// The value of the register.
    pub(crate) value: Option<u32>,
    /// The path, if it is a file.
    pub(crate) file: Option<String>,
}

impl ExplainReport {
    pub(crate) fn new(facts: &Facts, explanation: &Explanation) -> Self {
        let ids = facts.function.ids;
        Self {
            device: explanation.address.to_string(),
            id: ids.map(|ids| ids.to_string()),
            kind: ids.map(|ids| words::class(ids.class)),
            no_identity: words::no_identity(&facts.function.tph),
            answer: explanation.answer().to_string(),
            summary: explanation.to_string(),
            links: explanation.reasons.iter().map(LinkReport::from).collect(),
            next: explanation.advice().map(|advice| advice.to_string()),
        }
    }
}

impl From<&Reason> for LinkReport {
    fn from(reason: &Reason) -> Self {
        Self {
            link: reason.link.to_string(),
            answer: reason.answer().to_string(),
            finding: reason.finding.to_string(),
            evidence: reason.evidence.iter().map(EvidenceReport::from).collect(),
        }
    }
}

impl From<&Evidence> for EvidenceReport {
    fn from(evidence: &Evidence) -> Self {
        let text = evidence.to_string();
        let (mut function, mut register, mut offset, mut value, mut file) =
            (None, None, None, None, None);
        match evidence {
            Evidence::Register { function: of, name, offset: at, value: is } => {
                function = Some(of.to_string());
                register = Some(*name);
                offset = at.map(tph::ConfigOffset::get);
                value = Some(*is);
            }
            Evidence::File { place, .. } => file = Some(place.clone()),
            _ => {}
        }
        Self { text, function, register, offset, value, file }
    }
}
