//! What the host says to the guest.

use serde::{Deserialize, Serialize};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// `{"answer": …}`: what was asked for; its form depends on the question.
    Answer(serde_json::Value),
    /// `{"error": "…"}`: why there is no answer.
    Error(String),
}

/// The answer to `{"ask":"accesses"}`: accesses to an endpoint's configuration space since it was
/// started, from whoever made them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accesses {
    /// Reads of any width.
    pub config_reads: u64,
    /// Writes of any width.
    pub config_writes: u64,
    /// Those of the reads that touched the TPH capability.
    pub tph_reads: u64,
    /// Those of the writes that touched the TPH capability.
    pub tph_writes: u64,
}

/// One element of the answer to `{"ask":"firmware"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuTags {
    /// The CPU's logical number.
    pub cpu: u32,
    /// The 64-bit word that the firmware's `_DSM` returns for it.
    pub word: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_of_two_objects() {
        let good = Answer::Answer(serde_json::json!({"dwords": [1]}));
        assert_eq!(serde_json::to_string(&good).unwrap(), r#"{"answer":{"dwords":[1]}}"#);
        let bad: Answer = serde_json::from_str(r#"{"error":"no such endpoint"}"#).unwrap();
        assert_eq!(bad, Answer::Error("no such endpoint".into()));
    }
}
