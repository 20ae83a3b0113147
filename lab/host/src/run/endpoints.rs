//! Asking the emulated endpoints what they hold and saw, outside the guest.

use crate::machine::{Monitor, MonitorError};
use serde_json::{Value, json};
use std::sync::Arc;
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

    /// The function's index in [`Hardware::functions`](crate::machine::Hardware::functions).
    ///
    /// # Errors
    /// When there is no such endpoint.
    fn index(&self, endpoint: &str) -> Result<usize, QueryError>;
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
    /// QEMU did not do what it takes.
    #[error("{0}")]
    Machine(String),
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

    fn index(&self, endpoint: &str) -> Result<usize, QueryError> {
        Err(QueryError::NoEndpoint(endpoint.to_owned()))
    }
}

/// Who answers the guest.
pub(super) struct Host {
    pub(super) endpoints: Arc<dyn Endpoints>,
    pub(super) monitor: Monitor,
}

impl Host {
    /// Puts a question from the guest to the endpoints, or to QEMU.
    pub(super) fn answer(&self, question: &Question) -> Answer {
        self.find(question).map_or_else(|error| Answer::Error(error.to_string()), Answer::Answer)
    }

    fn find(&self, question: &Question) -> Result<Value, QueryError> {
        let endpoints = &*self.endpoints;
        Ok(match question {
            Question::Scoreboard { endpoint } => endpoints.scoreboard(endpoint)?,
            Question::ResetScoreboard { endpoint } => json!(endpoints.reset_scoreboard(endpoint)?),
            Question::Registers { endpoint, offset, count } => {
                json!(endpoints.registers(endpoint, *offset, *count)?)
            }
            Question::Firmware => json!(endpoints.firmware()),
            Question::Accesses { endpoint } => json!(endpoints.accesses(endpoint)?),
            Question::PressAttentionButton { endpoint } => {
                json!(self.monitor.press_attention_button(endpoints.index(endpoint)?)?)
            }
            Question::Plug { endpoint } => json!(self.monitor.plug(endpoints.index(endpoint)?)?),
            Question::LinkError { endpoint, severity } => {
                json!(self.monitor.link_error(endpoints.index(endpoint)?, *severity)?)
            }
        })
    }
}

impl From<MonitorError> for QueryError {
    fn from(error: MonitorError) -> Self {
        Self::Machine(error.to_string())
    }
}
