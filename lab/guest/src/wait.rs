//! Waiting for what others do.

use std::thread;
use std::time::{Duration, Instant};

use crate::Failure;

/// How often to look.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `done` says so, at most for `limit`.
///
/// # Errors
/// What `done` answered, and after that time, that there is no `what`.
pub fn until(
    what: &str,
    limit: Duration,
    mut done: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let began = Instant::now();
    while !done()? {
        if began.elapsed() > limit {
            return Err(format!("after {limit:?} still no {what}").into());
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
