//! What the guest says to the host.

use serde::{Deserialize, Serialize};

/// One line from the guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// `{"ask": …}`: the only message that is answered.
    Ask(Question),
    /// `{"test": …}`: a test has ended.
    Test(TestReport),
    /// `{"started": "7.3.4"}`: the kernel has come up, and init begins its work.
    Started {
        /// The kernel's version.
        started: String,
    },
    /// `{"exit": 0}`: the program has ended, and the guest powers off.
    Exit {
        /// Its exit code; 128 + N if signal N ended it.
        exit: u8,
    },
    /// `{"failed": "…"}`: the guest could not even start the program, and powers off.
    Failed {
        /// Why.
        failed: String,
    },
}

/// A question about an endpoint as the host sees it, outside the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    /// `{"ask":"scoreboard","endpoint":"ep0"}`: the DMA writes it recorded, summed up by queue.
    Scoreboard {
        /// The endpoint's name.
        endpoint: String,
    },
    /// `{"ask":"reset_scoreboard","endpoint":"ep0"}`: forget the writes; answered by `null`.
    ResetScoreboard {
        /// The endpoint's name.
        endpoint: String,
    },
    /// `{"ask":"registers","endpoint":"ep0","offset":256,"count":4}`: dwords of its configuration
    /// space as it holds them; answered by a list of numbers.
    Registers {
        /// The endpoint's name.
        endpoint: String,
        /// The first dword's offset in bytes.
        offset: u16,
        /// How many dwords.
        count: u16,
    },
    /// `{"ask":"firmware"}`: answered by a list of [`CpuTags`](crate::CpuTags), one for each CPU; an
    /// empty one if the guest's firmware names no tags.
    Firmware,
    /// `{"ask":"accesses","endpoint":"ep0"}`: answered by [`Accesses`](crate::Accesses).
    Accesses {
        /// The endpoint's name.
        endpoint: String,
    },
    /// `{"ask":"press_attention_button","endpoint":"ep0"}`: somebody wants to take the endpoint out of
    /// its slot; the guest's kernel may let go of it and turn the slot off, and then it is gone.
    /// Answered by `null`, long before that.
    PressAttentionButton {
        /// The endpoint's name.
        endpoint: String,
    },
    /// `{"ask":"plug","endpoint":"ep0"}`: put the endpoint back into its slot, as after power-on;
    /// answered by `null`.
    Plug {
        /// The endpoint's name.
        endpoint: String,
    },
    /// `{"ask":"link_error","endpoint":"ep0","severity":"fatal"}`: the root port above the endpoint
    /// reports an error of its link (Advanced Error Reporting); answered by `null`.
    LinkError {
        /// The endpoint's name.
        endpoint: String,
        /// What becomes of the link.
        severity: Severity,
    },
}

/// How bad an uncorrectable error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A transaction was lost; the link works.
    NonFatal,
    /// The link is not to be trusted any more; the kernel resets the bus.
    Fatal,
}

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// The test's name.
    pub test: String,
    /// Whether it passed.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What went wrong, or what else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_told_apart_by_its_first_key() {
        let endpoint = || "ep0".to_owned();
        for (line, message) in [
            (
                r#"{"ask":"scoreboard","endpoint":"ep0"}"#,
                Message::Ask(Question::Scoreboard { endpoint: endpoint() }),
            ),
            (
                r#"{"ask":"registers","endpoint":"ep0","offset":256,"count":4}"#,
                Message::Ask(Question::Registers { endpoint: endpoint(), offset: 256, count: 4 }),
            ),
            (
                r#"{"ask":"link_error","endpoint":"ep0","severity":"non_fatal"}"#,
                Message::Ask(Question::LinkError {
                    endpoint: endpoint(),
                    severity: Severity::NonFatal,
                }),
            ),
            (r#"{"ask":"firmware"}"#, Message::Ask(Question::Firmware)),
            (
                r#"{"test":"opens","ok":false,"ms":12,"message":"EBUSY"}"#,
                Message::Test(TestReport {
                    test: "opens".into(),
                    ok: false,
                    ms: 12,
                    message: Some("EBUSY".into()),
                }),
            ),
            (r#"{"started":"7.3.4"}"#, Message::Started { started: "7.3.4".into() }),
            (r#"{"exit":3}"#, Message::Exit { exit: 3 }),
            (r#"{"failed":"no IOMMU"}"#, Message::Failed { failed: "no IOMMU".into() }),
        ] {
            assert_eq!(serde_json::from_str::<Message>(line).unwrap(), message);
            assert_eq!(serde_json::to_string(&message).unwrap(), line);
        }
    }

    #[test]
    fn an_unknown_message_is_an_error() {
        assert!(serde_json::from_str::<Message>(r#"{"ask":"weather"}"#).is_err());
        assert!(serde_json::from_str::<Message>(r#"{"exit":300}"#).is_err());
    }
}
