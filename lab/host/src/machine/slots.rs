//! Which device numbers on bus 0 are taken.

/// The first and the last device number that QEMU leaves free on its q35 machine: 0 is the host
/// bridge, 0x1f the south bridge.
const FIRST: u8 = 1;
const LAST: u8 = 0x1e;

/// Device numbers on bus 0, each given away once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    taken: Vec<u8>,
}

impl Slots {
    /// The wanted device number if it is free, else the lowest that is; `None` if all are taken.
    pub fn take(&mut self, wanted: u8) -> Option<u8> {
        let device = std::iter::once(wanted)
            .chain(FIRST..=LAST)
            .find(|device| (FIRST..=LAST).contains(device) && !self.taken.contains(device))?;
        self.taken.push(device);
        Some(device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_granted_once_and_never_for_a_bridge() {
        let mut slots = Slots::default();
        assert_eq!(slots.take(5), Some(5));
        assert_eq!(slots.take(5), Some(1));
        assert_eq!(slots.take(0), Some(2));
        assert_eq!(slots.take(0x1f), Some(3));
    }

    #[test]
    fn the_bus_has_an_end() {
        let mut slots = Slots::default();
        let given = std::iter::from_fn(|| slots.take(9)).count();
        assert_eq!(given, usize::from(LAST - FIRST + 1));
    }
}
