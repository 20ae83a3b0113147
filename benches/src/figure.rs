//! What a row answers.

use std::fmt;

use serde::Serialize;

/// One thing that was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Figure {
    /// The row of docs/benchmarks.md.
    pub(crate) row: &'static str,
    what: String,
    limit: Option<String>,
    peer: Option<String>,
    ours: String,
    /// Whether the limit is kept; `None` where there is no limit.
    pub(crate) holds: Option<bool>,
}

impl Figure {
    pub(crate) fn new(what: impl Into<String>, ours: impl Into<String>) -> Self {
        Self { what: what.into(), ours: ours.into(), ..Self::default() }
    }

    pub(crate) fn peer(self, peer: impl Into<String>) -> Self {
        Self { peer: Some(peer.into()), ..self }
    }

    pub(crate) fn limit(self, limit: impl Into<String>, holds: bool) -> Self {
        Self { limit: Some(limit.into()), holds: Some(holds), ..self }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>2}  {}\n    ours   {}", self.row, self.what, self.ours)?;
        if let Some(peer) = &self.peer {
            write!(f, "\n    peer   {peer}")?;
        }
        if let Some(limit) = &self.limit {
            let verdict = if self.holds == Some(true) { "kept" } else { "MISSED" };
            write!(f, "\n    limit  {limit}: {verdict}")?;
        }
        Ok(())
    }
}
