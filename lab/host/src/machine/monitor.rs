//! Orders to a running QEMU in its machine protocol (QMP): one JSON object a line.

use super::hardware::{Function, Hardware, Position};
use super::qemu::{endpoint, endpoint_id, port_id};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Mutex, PoisonError};
use tph_lab_wire::Severity;

/// The way to the QEMU that runs a machine; it connects when it starts.
#[derive(Debug)]
pub(crate) struct Monitor {
    hardware: Hardware,
    listener: UnixListener,
    port: Mutex<Option<BufReader<UnixStream>>>,
}

/// Why QEMU did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MonitorError {
    #[error("cannot talk to QEMU: {0}")]
    Port(#[from] io::Error),
    #[error("QEMU refused {order}: {reason}")]
    Refused { order: String, reason: String },
    #[error("{0} is not below a root port")]
    NoPort(String),
}

impl Monitor {
    /// For the QEMU that runs `hardware` and connects to `listener`.
    pub(crate) fn new(hardware: Hardware, listener: UnixListener) -> Self {
        Self { hardware, listener, port: Mutex::new(None) }
    }

    /// Presses the button with which somebody announces that the function goes. QEMU takes it away
    /// when the guest turns its slot off.
    pub(crate) fn press_attention_button(&self, index: usize) -> Result<(), MonitorError> {
        self.execute("device_del", &json!({ "id": endpoint_id(index) })).map(drop)
    }

    /// Puts a function back that went; its socket has to be served still.
    pub(crate) fn plug(&self, index: usize) -> Result<(), MonitorError> {
        let function = &self.hardware.functions[index];
        self.execute("device_add", &endpoint(index, function, &self.hardware)).map(drop)
    }

    /// Has the root port above a function report an error.
    pub(crate) fn link_error(&self, index: usize, severity: Severity) -> Result<(), MonitorError> {
        let Function { name, position, .. } = &self.hardware.functions[index];
        let Position::BelowPort { port, .. } = position else {
            return Err(MonitorError::NoPort(name.clone()));
        };
        // Kinds of errors that have this severity in every port's Uncorrectable Error Severity.
        let error = match severity {
            Severity::NonFatal => "COMP_TIME",
            Severity::Fatal => "MALF_TLP",
        };
        let order = format!("pcie_aer_inject_error {} {error}", port_id(*port));
        let said =
            self.execute("human-monitor-command", &json!({ "command-line": order.as_str() }))?;
        match said.as_str() {
            Some(text) if text.starts_with("OK") => Ok(()),
            _ => Err(MonitorError::Refused { order, reason: said.to_string() }),
        }
    }

    /// Gives one order; what QEMU returns.
    fn execute(&self, order: &str, arguments: &Value) -> Result<Value, MonitorError> {
        let mut port = self.port.lock().unwrap_or_else(PoisonError::into_inner);
        let port = match port.as_mut() {
            Some(port) => port,
            None => port.insert(self.connect()?),
        };
        let outcome = call(port, &json!({ "execute": order, "arguments": arguments }))?;
        outcome.map_err(|reason| MonitorError::Refused { order: order.to_owned(), reason })
    }

    /// Takes QEMU's connection, in which it does nothing before it is asked what it can.
    fn connect(&self) -> io::Result<BufReader<UnixStream>> {
        let mut port = BufReader::new(self.listener.accept()?.0);
        call(&mut port, &json!({ "execute": "qmp_capabilities" }))?.map_err(io::Error::other)?;
        Ok(port)
    }
}

/// Sends an order and waits for its answer; the greeting and events come between.
fn call(port: &mut BufReader<UnixStream>, order: &Value) -> io::Result<Result<Value, String>> {
    writeln!(port.get_mut(), "{order}")?;
    let mut line = String::new();
    loop {
        line.clear();
        if port.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut said: Value = serde_json::from_str(&line)?;
        if let Some(value) = said.get_mut("return") {
            return Ok(Ok(value.take()));
        }
        if let Some(error) = said.get("error") {
            return Ok(Err(error["desc"].as_str().unwrap_or_default().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::RootPort;
    use std::thread::{self, JoinHandle};

    fn hardware() -> Hardware {
        let function = |name: &str, position| Function {
            name: name.into(),
            position,
            socket: format!("/run/{name}").into(),
        };
        Hardware {
            ports: vec![RootPort { device: 5, completer: 3, slot: true }],
            functions: vec![
                function("nic", Position::BelowPort { port: 0, function: 0 }),
                function("inside", Position::Integrated { device: 9 }),
            ],
            ..Hardware::default()
        }
    }

    /// A monitor, and something in place of QEMU that greets, gives these answers and says what
    /// it was told.
    fn monitor(answers: &'static [&'static str]) -> (Monitor, JoinHandle<Vec<Value>>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("monitor");
        let monitor = Monitor::new(hardware(), UnixListener::bind(&path).unwrap());
        let qemu = thread::spawn(move || {
            let mut port = BufReader::new(UnixStream::connect(path).unwrap());
            drop(folder);
            writeln!(port.get_mut(), r#"{{"QMP": {{}}}}"#).unwrap();
            let answer = |answer: &&str| {
                let mut line = String::new();
                port.read_line(&mut line).unwrap();
                writeln!(port.get_mut(), "{answer}").unwrap();
                serde_json::from_str(&line).unwrap()
            };
            [r#"{"return": {}}"#].iter().chain(answers).map(answer).collect()
        });
        (monitor, qemu)
    }

    #[test]
    fn orders_reach_qemu_and_events_are_passed_over() {
        let (monitor, qemu) = monitor(&[
            "{\"event\": \"DEVICE_DELETED\"}\n{\"return\": {}}",
            r#"{"return": {}}"#,
            r#"{"return": "OK id: port0"}"#,
        ]);
        monitor.press_attention_button(0).unwrap();
        monitor.plug(0).unwrap();
        monitor.link_error(0, Severity::Fatal).unwrap();
        let orders = qemu.join().unwrap();
        assert_eq!(orders[1], json!({"execute": "device_del", "arguments": {"id": "ep0"}}));
        assert_eq!(orders[2]["arguments"]["socket"]["path"], "/run/nic");
        assert_eq!(orders[3]["arguments"]["command-line"], "pcie_aer_inject_error port0 MALF_TLP");
    }

    #[test]
    fn a_refusal_says_what_was_refused_and_why() {
        let (monitor, qemu) =
            monitor(&[r#"{"error": {"desc": "no such device"}}"#, r#"{"return": "No such id"}"#]);
        let refused = monitor.press_attention_button(0).unwrap_err();
        assert_eq!(refused.to_string(), "QEMU refused device_del: no such device");
        assert!(monitor.link_error(0, Severity::NonFatal).is_err());
        qemu.join().unwrap();
        let nowhere = monitor.link_error(1, Severity::Fatal).unwrap_err();
        assert_eq!(nowhere.to_string(), "inside is not below a root port");
        assert!(matches!(monitor.plug(0), Err(MonitorError::Port(_))), "QEMU is gone");
    }
}
