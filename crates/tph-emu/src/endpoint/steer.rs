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
    /// vector; in device-specific mode the entry that the queue names, the tag that the driver gave
    /// it, or the engine's own place that holds the tag. A table entry that is not there counts as 0;
    /// place 0, and one that is not there, is no hint at all.
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
                Steering::Place(place) => self.engine.tag(place)?,
            },
        };
        Some(Hint::new(SteeringTag::from_entry_bits(bits, requester), queue.hint()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::registers::{BlockRegister, STEERING_DIRECT, STEERING_PLACE, place_offset};
    use crate::profile::Profile;
    use tph::{ProcessingHint, Tag8, Tag16};

    #[test]
    fn the_control_register_decides_which_hint_a_packet_has() {
        let wide = |tag| Some(SteeringTag::Extended(Tag16(tag)));
        let narrow = |tag| Some(SteeringTag::Standard(Tag8(tag)));
        let direct = STEERING_DIRECT | 0xd00d;
        let cases = [
            (0x000, 5, None),
            (0x002, 5, None),
            (0x202, 5, None),
            (0x303, 5, None),
            (0x307, 5, None),
            (0x300, 5, wide(0)),
            (0x100, direct, narrow(0)),
            (0x301, 5, wide(0xaaa1)),
            (0x101, direct, narrow(0xa1)),
            (0x302, 5, wide(0xbbb2)),
            (0x102, 5, narrow(0xb2)),
            (0x302, direct, wide(0xd00d)),
            (0x102, direct, narrow(0x0d)),
            (0x302, 64, wide(0)),
            (0x302, STEERING_PLACE | 2, wide(0xcccd)),
            (0x102, STEERING_PLACE | 2, narrow(0xcd)),
            (0x301, STEERING_PLACE | 2, wide(0xaaa1)),
            (0x302, STEERING_PLACE | 1, wide(0)),
            (0x302, STEERING_PLACE, None),
            (0x302, STEERING_PLACE | 3, None),
            (0x302, STEERING_PLACE | direct, wide(0xd00d)),
        ];
        for (control, steering, expected) in cases {
            let mut profile = Profile::demo().functions[0].clone();
            profile.places = 3;
            let mut endpoint = Endpoint::new(&profile);
            for place in [0, 2, 3] {
                endpoint.bar_write(0, place_offset(place), &0xcccd_u32.to_le_bytes()).unwrap();
            }
            endpoint.config_write(0x10c + 2 * 3, &0xaaa1_u16.to_le_bytes()).unwrap();
            endpoint.config_write(0x10c + 2 * 5, &0xbbb2_u16.to_le_bytes()).unwrap();
            endpoint.config_write(0x108, &u32::to_le_bytes(control)).unwrap();
            let queue = endpoint.engine.queue_mut(0).unwrap();
            queue.write(BlockRegister::Vector, 3);
            queue.write(BlockRegister::Hint, 3);
            queue.write(BlockRegister::Steering, steering);
            let queue = *queue;
            let hint = endpoint.hint_of(&queue);
            let processing = ProcessingHint::TargetWithPriority;
            let expected = expected.map(|tag| Hint::new(tag, processing));
            assert_eq!(hint, expected, "{control:#x} {steering:#x}");
        }
    }
}
