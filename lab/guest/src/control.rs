//! The control channel: a serial port with the lab's host at the other end.
//!
//! Any process may open it, and several at a time: a file lock keeps a question and its answer
//! together.

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::termios::{OptionalActions, tcdrain, tcgetattr, tcsetattr};
use serde::de::DeserializeOwned;
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use tph_lab_wire::{Accesses, Answer, Message, Question, Severity, TestReport, variables};

/// The channel's device where no variable says otherwise.
const DEVICE: &str = "/dev/ttyS2";

/// An open channel to the host.
#[derive(Debug)]
pub struct Control {
    port: BufReader<File>,
}

/// Why the host did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The serial port failed.
    #[error("the lab's control channel failed: {0}")]
    Port(#[from] io::Error),
    /// The host said something that is no answer to the question.
    #[error("the lab's host gave an unexpected answer: {0}")]
    Unexpected(#[from] serde_json::Error),
    /// The host could not answer.
    #[error("the lab's host refused: {0}")]
    Refused(String),
}

impl Control {
    /// Opens the channel of the guest that this program runs in.
    ///
    /// # Errors
    /// When there is no such serial port, as outside the guest.
    pub fn open() -> Result<Self, ControlError> {
        let device = env::var(variables::CONTROL).unwrap_or_else(|_| DEVICE.to_owned());
        Ok(Self { port: BufReader::new(open_raw(&device)?) })
    }

    /// The writes that an endpoint's DMA engine made, as its scoreboard sums them up.
    ///
    /// # Errors
    /// When the host does not answer.
    pub fn scoreboard(&mut self, endpoint: &str) -> Result<serde_json::Value, ControlError> {
        self.ask(&Question::Scoreboard { endpoint: endpoint.to_owned() })
    }

    /// Makes an endpoint's scoreboard forget what was written so far.
    ///
    /// # Errors
    /// When the host does not answer.
    pub fn reset_scoreboard(&mut self, endpoint: &str) -> Result<(), ControlError> {
        self.ask(&Question::ResetScoreboard { endpoint: endpoint.to_owned() })
    }

    /// `count` dwords of configuration space from `offset`, as the endpoint holds them.
    ///
    /// # Errors
    /// When the host does not answer.
    pub fn registers(
        &mut self,
        endpoint: &str,
        offset: u16,
        count: u16,
    ) -> Result<Vec<u32>, ControlError> {
        self.ask(&Question::Registers { endpoint: endpoint.to_owned(), offset, count })
    }

    /// How often an endpoint's configuration space was accessed.
    ///
    /// # Errors
    /// When the host does not answer.
    pub fn accesses(&mut self, endpoint: &str) -> Result<Accesses, ControlError> {
        self.ask(&Question::Accesses { endpoint: endpoint.to_owned() })
    }

    /// Announces with the slot's button that the endpoint is to go; the kernel decides when it does.
    ///
    /// # Errors
    /// When the host does not answer, and when QEMU refuses.
    pub fn press_attention_button(&mut self, endpoint: &str) -> Result<(), ControlError> {
        self.ask(&Question::PressAttentionButton { endpoint: endpoint.to_owned() })
    }

    /// Puts an endpoint that went back into its slot.
    ///
    /// # Errors
    /// When the host does not answer, and when QEMU refuses.
    pub fn plug(&mut self, endpoint: &str) -> Result<(), ControlError> {
        self.ask(&Question::Plug { endpoint: endpoint.to_owned() })
    }

    /// Has the root port above an endpoint report an error of the link.
    ///
    /// # Errors
    /// When the host does not answer, and when QEMU refuses.
    pub fn link_error(&mut self, endpoint: &str, severity: Severity) -> Result<(), ControlError> {
        self.ask(&Question::LinkError { endpoint: endpoint.to_owned(), severity })
    }

    /// Tells the host how a test ended.
    ///
    /// # Errors
    /// When the serial port fails.
    pub fn report(&mut self, report: TestReport) -> Result<(), ControlError> {
        self.send(&Message::Test(report))
    }

    /// Sends one message that is not answered, and waits until it has left the machine.
    ///
    /// # Errors
    /// When the serial port fails.
    pub fn send(&mut self, message: &Message) -> Result<(), ControlError> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.port.get_mut().write_all(&line)?;
        Ok(tcdrain(self.port.get_ref()).map_err(io::Error::from)?)
    }

    /// Asks one question.
    ///
    /// # Errors
    /// When the host does not answer, or not in the form `T`.
    pub fn ask<T: DeserializeOwned>(&mut self, question: &Question) -> Result<T, ControlError> {
        flock(self.port.get_ref(), FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let answer = self.ask_locked(question);
        flock(self.port.get_ref(), FlockOperation::Unlock).map_err(io::Error::from)?;
        match answer? {
            Answer::Answer(value) => Ok(serde_json::from_value(value)?),
            Answer::Error(reason) => Err(ControlError::Refused(reason)),
        }
    }

    fn ask_locked(&mut self, question: &Question) -> Result<Answer, ControlError> {
        self.send(&Message::Ask(question.clone()))?;
        let mut line = String::new();
        self.port.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

/// Opens a serial port so that bytes pass through it unchanged.
///
/// # Errors
/// When there is no such port.
pub fn open_raw(device: &str) -> io::Result<File> {
    let no_controlling_terminal = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default();
    let port = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(no_controlling_terminal)
        .open(device)?;
    let mut settings = tcgetattr(&port)?;
    settings.make_raw();
    tcsetattr(&port, OptionalActions::Now, &settings)?;
    Ok(port)
}
