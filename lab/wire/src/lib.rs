//! What the lab's host and guest say to each other.
//!
//! The host puts a [`Plan`] into the guest's initramfs. Afterwards they talk over a serial port, one
//! JSON object a line: the guest sends a [`Message`], and for a [`Question`] the host sends back one
//! [`Answer`].

mod answer;
mod message;
mod plan;

pub use answer::{Accesses, Answer, CpuTags};
pub use message::{Message, Question, Severity, TestReport};
pub use plan::{ENVIRONMENT_PATH, Endpoint, Module, PLAN_PATH, Place, Plan, SYSTEM_INIT};
pub use plan::{profile_path, variables};
