//! The thread that waits for clients.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::clients::{Clients, HangUp};
use super::session::serve_client;
use super::stream::SessionError;
use crate::host::{FunctionId, SharedHost};

/// How long to wait after a client could not be taken.
const RETRY: Duration = Duration::from_millis(50);

/// A function cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket cannot be made.
    #[error("cannot listen on {}: {source}; the file must not exist and its folder must", path.display())]
    Listen {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no thread for it.
    #[error("cannot start a thread to serve {}: {source}", path.display())]
    Thread {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A function that is served; dropping this ends it and removes the socket. It waits for the server's
/// thread, so it must not be dropped with the host locked.
#[derive(Debug)]
pub struct ServerHandle {
    path: PathBuf,
    clients: Arc<Shared>,
    stop: UnixStream,
    thread: Option<JoinHandle<()>>,
}

type Shared = Clients<UnixStream, SessionError>;

impl HangUp for UnixStream {
    fn hang_up(&self) {
        let _ = self.shutdown(Shutdown::Both);
    }
}

/// Serves `function` of `host` on a new socket at `path`, in a thread of its own.
///
/// # Errors
/// [`ServeError`] if there can be no such socket.
pub fn serve(
    host: SharedHost,
    function: FunctionId,
    path: &Path,
) -> Result<ServerHandle, ServeError> {
    let listen = |source| ServeError::Listen { path: path.to_owned(), source };
    let (stop, stopped) = UnixStream::pair().map_err(listen)?;
    let listener = UnixListener::bind(path).map_err(listen)?;
    let clients = Arc::<Shared>::default();
    let state = Arc::clone(&clients);
    let thread = std::thread::Builder::new().name("vfio-user".to_owned()).spawn(move || {
        state.serve_each(
            || next_client(&listener, &stopped),
            |stream| serve_client(&stream, &host, function),
        );
    });
    match thread {
        Ok(thread) => {
            Ok(ServerHandle { path: path.to_owned(), clients, stop, thread: Some(thread) })
        }
        Err(source) => {
            let _ = std::fs::remove_file(path);
            Err(ServeError::Thread { path: path.to_owned(), source })
        }
    }
}

impl ServerHandle {
    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a client is there now.
    pub fn is_connected(&self) -> bool {
        self.clients.is_connected()
    }

    /// How many clients there were, the one that is there now included.
    pub fn sessions(&self) -> u64 {
        self.clients.sessions()
    }

    /// How the last session that ended badly did so; taken, so asked again there is none.
    pub fn take_error(&self) -> Option<SessionError> {
        self.clients.take_error()
    }

    /// Ends the session that is under way, if any, and the server.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.clients.stop();
        self.stop.hang_up();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The next client, as its stream and a copy that hangs up. `None`: the server is to end.
fn next_client(listener: &UnixListener, stopped: &UnixStream) -> Option<(UnixStream, UnixStream)> {
    loop {
        let mut ready = [PollFd::new(listener, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
        let [client, stop] = ready.map(|fd| !fd.revents().is_empty());
        if stop {
            return None;
        }
        if !client {
            continue;
        }
        match listener.accept().and_then(|(stream, _)| Ok((stream.try_clone()?, stream))) {
            Ok(client) => return Some(client),
            // Out of file descriptors, say: it would be no better at once.
            Err(_) => std::thread::sleep(RETRY),
        }
    }
}
