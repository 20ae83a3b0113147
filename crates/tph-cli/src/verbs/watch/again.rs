//! Opening a device again that was given back.

use std::time::Duration;

use super::wake::Wake;
use crate::failure::Failure;

/// After an event: how often it is tried, and how long it is waited in between. The kernel tells of a
/// bind before udev has set who may open the device, and what it tells of an unbind comes while that
/// still runs; nobody tells when it is over.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until the device can be opened; `None` if it is to end. What is in the way is told to
/// `refused` when the tries after an event are used up, and then the next event is waited for.
pub(super) fn open_again<T>(
    mut wait: impl FnMut(Option<Duration>) -> Result<Wake, Failure>,
    is_bound: impl Fn() -> bool,
    mut open: impl FnMut() -> Result<T, Failure>,
    mut refused: impl FnMut(Failure) -> Result<(), Failure>,
) -> Result<Option<T>, Failure> {
    let mut left = 0;
    loop {
        match wait((left > 0).then_some(PAUSE))? {
            Wake::End => return Ok(None),
            // Nobody asks for a device that was given back.
            Wake::GiveBack => continue,
            Wake::Asked | Wake::Event(_) => left = TRIES,
            Wake::Pause => {}
        }
        left = left.saturating_sub(1);
        if !is_bound() {
            continue;
        }
        match open() {
            Ok(opened) => return Ok(Some(opened)),
            Err(error) if left == 0 => refused(error)?,
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn refusal() -> Failure {
        Failure::Usage("EACCES".into())
    }

    /// One event, then only pauses while they are asked for; the end when nothing is left to wait for.
    fn one_event(mut events: u32) -> impl FnMut(Option<Duration>) -> Result<Wake, Failure> {
        move |pause| {
            Ok(match (pause, events) {
                (Some(_), _) => Wake::Pause,
                (None, 0) => Wake::End,
                (None, _) => {
                    events -= 1;
                    Wake::Event("bind".into())
                }
            })
        }
    }

    #[test]
    fn what_cannot_be_opened_at_once_is_tried_again_without_another_event() {
        let tries = Cell::new(0);
        let open = || {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { Err(refusal()) } else { Ok("device") }
        };
        let opened = open_again(one_event(1), || true, open, Err).unwrap();
        assert_eq!((opened, tries.get()), (Some("device"), 3));
    }

    #[test]
    fn a_device_that_stays_shut_is_reported_once_for_each_event() {
        let (tries, said) = (Cell::new(0), Cell::new(0));
        let open = || {
            tries.set(tries.get() + 1);
            Err::<(), _>(refusal())
        };
        let refused = |_| {
            said.set(said.get() + 1);
            Ok(())
        };
        assert!(open_again(one_event(2), || true, open, refused).unwrap().is_none());
        assert_eq!((tries.get(), said.get()), (2 * TRIES, 2));
    }

    #[test]
    fn a_device_that_is_not_bound_is_not_opened() {
        let open = || -> Result<(), Failure> { panic!("it is not there") };
        assert!(open_again(one_event(3), || false, open, Err).unwrap().is_none());
    }
}
