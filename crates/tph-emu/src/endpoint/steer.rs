//! Which hint the hardware puts on a queue's packets.

use tph::tlp::Hint;
use tph::{RequesterEnable, StMode, SteeringTag};

use super::Endpoint;
use crate::engine::{Queue, Steering};

impl Endpoint {
    /// The hint of a packet that `queue` sends now; `None` while the requester is off, which the
    /// reserved enable value and reserved modes also mean.
    ///
    /// In no-ST mode the tag is 0; in interrupt-vector mode it is the table entry of the queue's
    /// vector; in device-specific mode the entry that the queue names, or the tag that the driver
    /// gave it. A table entry that is not there counts as 0.
    pub(super) fn hint_of(&self, queue: &Queue) -> Option<Hint> {
        let control = self.control()?;
        let RequesterEnable::On(requester) = control.enable() else {
            return None;
        };
        let entry = |index| self.st_entry(index).unwrap_or(0);
        let bits = match control.mode()? {
            StMode::NoSt => 0,
            StMode::InterruptVector => entry(queue.vector()),
            StMode::DeviceSpecific => match queue.steering() {
                Steering::Entry(index) => entry(index),
                Steering::Direct(tag) => tag,
            },
        };
        Some(Hint::new(SteeringTag::from_entry_bits(bits, requester), queue.hint()))
    }
}
