//! The data that a queue writes.

/// The data of a transfer: each 8 bytes are, from the lowest byte on, the number of the word (2
/// bytes), the number of the doorbell (2 bytes, the first since reset is 1), the queue (2 bytes) and
/// "TP".
pub fn pattern(queue: u16, doorbell: u32, length: usize) -> Vec<u8> {
    let [d0, d1, ..] = doorbell.to_le_bytes();
    let [q0, q1] = queue.to_le_bytes();
    let mut data = vec![0; length.next_multiple_of(8)];
    let (words, _) = data.as_chunks_mut();
    for (number, word) in (0..=u16::MAX).cycle().zip(words) {
        let [w0, w1] = number.to_le_bytes();
        *word = [w0, w1, d0, d1, q0, q1, b'T', b'P'];
    }
    data.truncate(length);
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_tells_its_queue_and_its_doorbell() {
        assert_eq!(pattern(0x0102, 7, 10), [0, 0, 7, 0, 2, 1, b'T', b'P', 1, 0]);
        assert!(pattern(0, 0, 0).is_empty());
    }
}
