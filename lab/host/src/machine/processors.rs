//! The guest's processors, and the numbers by which its firmware knows them.
//!
//! QEMU counts the processors that the machine has room for; that count is a processor's ACPI UID.
//! Linux counts those that are there. With gaps the two differ, as on many real hosts.

/// Processors in Linux's order, each with its ACPI UID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processors {
    uids: Vec<u32>,
}

impl Processors {
    /// Processors 0, 1, … with these UIDs: the first is 0 and each is larger than the one before,
    /// else QEMU and Linux would count otherwise; `None` then.
    pub fn with_uids(uids: Vec<u32>) -> Option<Self> {
        let fits = uids.first() == Some(&0) && uids.is_sorted_by(|one, next| one < next);
        fits.then_some(Self { uids })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.uids.len()
    }

    /// QEMU's options for them. Those in front of the first gap are there from the beginning, the
    /// others are put in one by one.
    pub(super) fn options(&self) -> Vec<(&'static str, String)> {
        let room = self.uids.last().map_or(1, |last| last + 1);
        let first = (0..).zip(&self.uids).take_while(|(at, uid)| at == *uid).count();
        if first == self.uids.len() {
            return vec![("-smp", room.to_string())];
        }
        let smp = format!("cpus={first},maxcpus={room},sockets={room},cores=1,threads=1");
        let mut options = vec![("-smp", smp)];
        options.extend(self.uids[first..].iter().map(|uid| {
            ("-device", format!("max-x86_64-cpu,socket-id={uid},core-id=0,thread-id=0"))
        }));
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(uids: &[u32]) -> Vec<String> {
        let processors = Processors::with_uids(uids.to_vec()).unwrap();
        processors.options().into_iter().map(|(name, value)| format!("{name} {value}")).collect()
    }

    #[test]
    fn a_gap_is_room_for_a_processor_that_is_not_there() {
        assert_eq!(options(&[0, 1, 2]), ["-smp 3"]);
        assert_eq!(
            options(&[0, 1, 3, 6]),
            [
                "-smp cpus=2,maxcpus=7,sockets=7,cores=1,threads=1",
                "-device max-x86_64-cpu,socket-id=3,core-id=0,thread-id=0",
                "-device max-x86_64-cpu,socket-id=6,core-id=0,thread-id=0",
            ]
        );
    }

    #[test]
    fn numbers_that_linux_would_not_count_so_are_refused() {
        for uids in [&[][..], &[1], &[0, 2, 1], &[0, 1, 1]] {
            assert_eq!(Processors::with_uids(uids.to_vec()), None, "{uids:?}");
        }
    }
}
