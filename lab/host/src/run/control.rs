//! The host's end of the control channel.

use super::endpoints::Host;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use tph_lab_wire::{Answer, Message};

/// Serves the first connection until it is closed: questions are answered here, everything else
/// goes to `events`.
pub(super) fn serve(listener: UnixListener, host: Host, events: Sender<Message>) -> JoinHandle<()> {
    thread::spawn(move || {
        if let Ok((port, _)) = listener.accept() {
            converse(port, &host, &events);
        }
    })
}

fn converse(mut port: UnixStream, host: &Host, events: &Sender<Message>) {
    let Ok(reader) = port.try_clone() else { return };
    for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let reply = match serde_json::from_slice(&line) {
            Ok(Message::Ask(question)) => host.answer(&question),
            Ok(message) => {
                if events.send(message).is_err() {
                    return;
                }
                continue;
            }
            Err(error) => {
                Answer::Error(format!("not a message: {error}: {}", String::from_utf8_lossy(&line)))
            }
        };
        let Ok(mut text) = serde_json::to_vec(&reply) else { return };
        text.push(b'\n');
        if port.write_all(&text).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Hardware, Monitor};
    use crate::run::NoEndpoints;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    #[test]
    fn questions_are_answered_and_results_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        let monitor = UnixListener::bind(folder.path().join("monitor")).unwrap();
        let monitor = Monitor::new(Hardware::default(), monitor);
        let answers = Host { endpoints: Arc::new(NoEndpoints), monitor };
        let (mut guest, host) = UnixStream::pair().unwrap();
        let (sender, events) = channel();
        let worker = thread::spawn(move || converse(host, &answers, &sender));
        guest
            .write_all(b"{\"ask\":\"accesses\",\"endpoint\":\"ep7\"}\n{\"exit\":4}\nnonsense\n")
            .unwrap();
        let mut lines = BufReader::new(guest.try_clone().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), r#"{"error":"no endpoint is called ep7"}"#);
        assert!(lines.next().unwrap().unwrap().starts_with(r#"{"error":"not a message: "#));
        assert_eq!(events.recv().unwrap(), Message::Exit { exit: 4 });
        guest.shutdown(std::net::Shutdown::Both).unwrap();
        worker.join().unwrap();
    }
}
