//! How a transfer is cut into packets.

/// Cuts `length` bytes at `target` into packets: each ends at a multiple of `payload`, so none is
/// longer and none crosses a 4 KiB boundary. `payload` is a power of two from 128 to 4096.
pub(crate) fn packets(target: u64, length: u32, payload: u32) -> impl Iterator<Item = (u64, u16)> {
    let end = target.checked_add(u64::from(length));
    let mut at = target;
    std::iter::from_fn(move || {
        let left = end?.checked_sub(at).filter(|left| *left > 0)?;
        let room = u64::from(payload) - at % u64::from(payload);
        let bytes = u16::try_from(left.min(room)).ok()?;
        let packet = (at, bytes);
        at += u64::from(bytes);
        Some(packet)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_end_at_boundaries() {
        type Case = (u64, u32, u32, &'static [(u64, u16)]);
        let cases: [Case; 5] = [
            (0x1000, 64, 256, &[(0x1000, 64)]),
            (0x10f0, 0x120, 256, &[(0x10f0, 0x10), (0x1100, 0x100), (0x1200, 0x10)]),
            (0x1ff8, 16, 4096, &[(0x1ff8, 8), (0x2000, 8)]),
            (0x1001, 3, 128, &[(0x1001, 3)]),
            (0x1000, 0, 128, &[]),
        ];
        for (target, length, payload, expected) in cases {
            assert_eq!(packets(target, length, payload).collect::<Vec<_>>(), expected);
        }
        assert_eq!(packets(u64::MAX - 1, 2, 128).count(), 0);
        assert_eq!(packets(0, 1 << 20, 128).count(), 8192);
    }
}
