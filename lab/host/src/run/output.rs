//! Passing the program's output through as it comes.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixListener;
use std::thread::{self, JoinHandle};

/// Copies everything that arrives on the first connection to standard output.
pub(super) fn pass_through(listener: UnixListener) -> JoinHandle<()> {
    thread::spawn(move || {
        let Ok((mut port, _)) = listener.accept() else { return };
        let mut buffer = [0; 4096];
        while let Ok(length) = port.read(&mut buffer)
            && length > 0
        {
            let mut out = io::stdout().lock();
            if out.write_all(&buffer[..length]).and_then(|()| out.flush()).is_err() {
                // Nobody reads any more; the program shall still run to its end.
                continue;
            }
        }
    })
}
