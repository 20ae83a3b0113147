//! What the server's thread and its handle tell each other. `lab/models` tries every order.

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// The connection to a client.
pub(crate) trait HangUp {
    /// Ends the session, whatever it waits for.
    fn hang_up(&self);
}

/// Who is served, who was, and whether anybody will be.
#[derive(Debug)]
pub(crate) struct Clients<C, E>(Mutex<State<C, E>>);

#[derive(Debug)]
struct State<C, E> {
    stopped: bool,
    client: Option<C>,
    sessions: u64,
    error: Option<E>,
}

impl<C, E> Default for Clients<C, E> {
    fn default() -> Self {
        Self(Mutex::new(State { stopped: false, client: None, sessions: 0, error: None }))
    }
}

impl<C: HangUp, E> Clients<C, E> {
    /// What the server's thread does: it serves one client after the other, until there is none to come or
    /// [`stop`](Self::stop) was called. Of a client there is what hangs up and what is served.
    pub(crate) fn serve_each<S>(
        &self,
        mut next: impl FnMut() -> Option<(C, S)>,
        mut serve: impl FnMut(S) -> Result<(), E>,
    ) {
        while let Some((client, stream)) = next() {
            if !self.enter(client) {
                return;
            }
            self.leave(serve(stream));
        }
    }

    /// A client is there. `false`: it is not to be served, nor is anybody after it.
    pub(crate) fn enter(&self, client: C) -> bool {
        let mut state = self.lock();
        if state.stopped {
            return false;
        }
        state.client = Some(client);
        state.sessions += 1;
        true
    }

    /// The client's session has ended so.
    pub(crate) fn leave(&self, outcome: Result<(), E>) {
        let mut state = self.lock();
        state.client = None;
        if let Err(error) = outcome {
            state.error = Some(error);
        }
    }

    /// Ends the session that is under way, if any; nobody enters any more.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        if let Some(client) = state.client.take() {
            client.hang_up();
        }
    }

    /// Whether a client is there now.
    pub(crate) fn is_connected(&self) -> bool {
        self.lock().client.is_some()
    }

    /// How many have entered.
    pub(crate) fn sessions(&self) -> u64 {
        self.lock().sessions
    }

    /// How the last session that ended badly did so; taken, so asked again there is none.
    pub(crate) fn take_error(&self) -> Option<E> {
        self.lock().error.take()
    }

    fn lock(&self) -> MutexGuard<'_, State<C, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
