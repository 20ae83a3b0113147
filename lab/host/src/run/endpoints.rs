//! Asking the emulated endpoints what they hold and saw, outside the guest.

use serde_json::{Value, json};
use tph_lab_wire::{Accesses, Answer, CpuTags, Question};

/// Something that knows the machine's endpoints by name.
pub trait Endpoints: Send + Sync {
    /// The DMA writes that an endpoint recorded, summed up by queue, as JSON.
    ///
    /// # Errors
    /// When there is no such endpoint.
    fn scoreboard(&self, endpoint: &str) -> Result<Value, QueryError>;

    /// Makes an endpoint forget the DMA writes it recorded.
    ///
    /// # Errors
    /// When there is no such endpoint.
    fn reset_scoreboard(&self, endpoint: &str) -> Result<(), QueryError>;

    /// Dwords of configuration space as the endpoint holds them; `offset` is in bytes.
    ///
    /// # Errors
    /// When there is no such endpoint or no such register.
    fn registers(&self, endpoint: &str, offset: u16, count: u16) -> Result<Vec<u32>, QueryError>;

    /// The words that the guest's firmware returns, for each of its CPUs; none if it names no tags.
    fn firmware(&self) -> Vec<CpuTags> {
        Vec::new()
    }

    /// How often configuration space was accessed since the endpoint was started.
    ///
    /// # Errors
    /// When there is no such endpoint.
    fn accesses(&self, endpoint: &str) -> Result<Accesses, QueryError>;
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The machine has no endpoint of that name.
    #[error("no endpoint is called {0}")]
    NoEndpoint(String),
    /// The registers are not all inside configuration space, or not at a dword.
    #[error("no {count} dwords at offset {offset:#x} in configuration space")]
    NoRegister {
        /// The offset asked for.
        offset: u16,
        /// The number asked for.
        count: u16,
    },
    /// The endpoint's answer cannot be written as JSON.
    #[error("the endpoint's answer is not JSON: {0}")]
    NotJson(String),
}

/// A machine without emulated endpoints.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEndpoints;

impl Endpoints for NoEndpoints {
    fn scoreboard(&self, endpoint: &str) -> Result<Value, QueryError> {
        Err(QueryError::NoEndpoint(endpoint.to_owned()))
    }

    fn reset_scoreboard(&self, endpoint: &str) -> Result<(), QueryError> {
        Err(QueryError::NoEndpoint(endpoint.to_owned()))
    }

    fn registers(&self, endpoint: &str, _: u16, _: u16) -> Result<Vec<u32>, QueryError> {
        Err(QueryError::NoEndpoint(endpoint.to_owned()))
    }

    fn accesses(&self, endpoint: &str) -> Result<Accesses, QueryError> {
        Err(QueryError::NoEndpoint(endpoint.to_owned()))
    }
}

/// Puts a question from the guest to the endpoints.
pub(super) fn answer(endpoints: &dyn Endpoints, question: &Question) -> Answer {
    let answer = match question {
        Question::Scoreboard { endpoint } => endpoints.scoreboard(endpoint),
        Question::ResetScoreboard { endpoint } => {
            endpoints.reset_scoreboard(endpoint).map(|()| Value::Null)
        }
        Question::Registers { endpoint, offset, count } => {
            endpoints.registers(endpoint, *offset, *count).map(|dwords| json!(dwords))
        }
        Question::Firmware => Ok(json!(endpoints.firmware())),
        Question::Accesses { endpoint } => {
            endpoints.accesses(endpoint).map(|accesses| json!(accesses))
        }
    };
    answer.map_or_else(|error| Answer::Error(error.to_string()), Answer::Answer)
}
