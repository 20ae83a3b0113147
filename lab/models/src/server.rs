//! The vfio-user server's thread, the handle that ends it, and clients.

use std::collections::VecDeque;

use shuttle::sync::{Arc, Condvar, Mutex};
use shuttle::thread;

use crate::clients::{Clients, HangUp};
use crate::many_orders;

/// A socket: who reads from it waits until one of both ends has hung up.
#[derive(Clone, Default)]
struct Line(Arc<(Mutex<bool>, Condvar)>);

impl Line {
    fn wait(&self) {
        let (ended, changed) = &*self.0;
        drop(changed.wait_while(ended.lock().unwrap(), |ended| !*ended).unwrap());
    }
}

impl HangUp for Line {
    fn hang_up(&self) {
        let (ended, changed) = &*self.0;
        *ended.lock().unwrap() = true;
        changed.notify_all();
    }
}

/// The listening socket and the one that says "stop", which are polled together.
#[derive(Default)]
struct Door {
    waiting: Mutex<(VecDeque<Line>, bool)>,
    changed: Condvar,
}

impl Door {
    fn knock(&self, line: Line) {
        self.waiting.lock().unwrap().0.push_back(line);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.waiting.lock().unwrap().1 = true;
        self.changed.notify_all();
    }

    /// The next client, `None` once it is closed.
    fn next(&self) -> Option<Line> {
        let waiting = self.waiting.lock().unwrap();
        let idle = |(lines, closed): &mut (VecDeque<Line>, bool)| lines.is_empty() && !*closed;
        let mut waiting = self.changed.wait_while(waiting, idle).unwrap();
        let (lines, closed) = &mut *waiting;
        if *closed { None } else { lines.pop_front() }
    }
}

/// What the server's thread does.
type Serve = fn(&Door, &Clients<Line, &str>);

/// The server's own loop.
fn serve(door: &Door, clients: &Clients<Line, &str>) {
    let next = || door.next().map(|line| (line.clone(), line));
    clients.serve_each(next, |line| {
        line.wait();
        Err("hung up")
    });
}

/// The same, but it does not heed what `enter` says.
fn serve_whoever_knocks(door: &Door, clients: &Clients<Line, &str>) {
    while let Some(line) = door.next() {
        clients.enter(line.clone());
        line.wait();
        clients.leave(Err("hung up"));
    }
}

/// A client for each of `leave`: it leaves, or it stays until it is thrown out. The handle is dropped at any
/// moment, and has to come to an end.
fn stopped_at_any_moment(leave: &[bool], serve: Serve) {
    let door = Arc::new(Door::default());
    let clients = Arc::new(Clients::default());
    let (their_door, theirs) = (Arc::clone(&door), Arc::clone(&clients));
    let server = thread::spawn(move || serve(&their_door, &theirs));
    let knocking = leave.iter().map(|leaves| {
        let (door, leaves) = (Arc::clone(&door), *leaves);
        thread::spawn(move || {
            let line = Line::default();
            door.knock(line.clone());
            if leaves {
                line.hang_up();
            }
        })
    });
    let knocking: Vec<_> = knocking.collect();
    clients.stop();
    door.close();
    server.join().unwrap();
    assert!(!clients.is_connected(), "nobody is there afterwards");
    let sessions = clients.sessions();
    assert!(sessions <= leave.len() as u64, "{sessions} clients were served");
    assert_eq!(clients.take_error().is_some(), sessions > 0, "how a session ended is known");
    for client in knocking {
        client.join().unwrap();
    }
}

#[test]
fn the_server_ends_whenever_it_is_stopped() {
    many_orders(|| stopped_at_any_moment(&[false], serve));
    many_orders(|| stopped_at_any_moment(&[true, false], serve));
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_server_that_takes_a_client_after_its_end_would_be_found() {
    many_orders(|| stopped_at_any_moment(&[false], serve_whoever_knocks));
}
