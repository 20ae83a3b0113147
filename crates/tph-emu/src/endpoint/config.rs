//! Configuration space as hardware holds it: which bits stick when they are written.

/// How many bytes configuration space has.
const SIZE: usize = tph::ConfigOffset::SPACE as usize;

/// 4 KiB of configuration space: the bits, which of them can be written, what a reset makes them.
#[derive(Clone)]
pub struct ConfigImage {
    bytes: Vec<u8>,
    writable: Vec<u8>,
    initial: Vec<u8>,
}

impl ConfigImage {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; SIZE], writable: vec![0; SIZE], initial: vec![0; SIZE] }
    }

    /// Makes the dword at `offset` start as `value`, with the bits of `writable` that stick. What
    /// lies outside of the space is not there.
    pub(crate) fn define(&mut self, offset: u16, value: u32, writable: u32) {
        let places = self.bytes.iter_mut().zip(&mut self.initial).zip(&mut self.writable);
        let bytes = value.to_le_bytes().into_iter().zip(writable.to_le_bytes());
        for (((byte, initial), mask), (value, sticks)) in
            places.skip(usize::from(offset)).zip(bytes)
        {
            (*byte, *initial, *mask) = (value, value, sticks);
        }
    }

    /// Reads the bytes at `offset`; outside of the space they are all ones.
    pub fn read(&self, offset: u64, into: &mut [u8]) {
        into.fill(0xff);
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        for (to, from) in into.iter_mut().zip(self.bytes.iter().skip(offset)) {
            *to = *from;
        }
    }

    /// Writes the bytes at `offset` as far as they stick.
    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let places = self.bytes.iter_mut().zip(&self.writable).skip(offset);
        for ((byte, mask), new) in places.zip(data) {
            *byte = *byte & !mask | new & mask;
        }
    }

    /// The dword at `offset`, all ones outside of the space.
    pub fn dword(&self, offset: u16) -> u32 {
        let mut bytes = [0; 4];
        self.read(u64::from(offset), &mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Every register as it was at power-on.
    pub(crate) fn reset(&mut self) {
        self.bytes.copy_from_slice(&self.initial);
    }
}

impl std::fmt::Debug for ConfigImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigImage").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writable_bits_stick() {
        let mut image = ConfigImage::new();
        image.define(0x40, 0x1234_5678, 0x0000_ff0f);
        image.write(0x40, &0xffff_ffff_u32.to_le_bytes());
        assert_eq!(image.dword(0x40), 0x1234_ff7f);
        image.write(0x41, &[0]);
        assert_eq!(image.dword(0x40), 0x1234_007f);
        image.reset();
        assert_eq!(image.dword(0x40), 0x1234_5678);
    }

    #[test]
    fn the_outside_reads_as_ones_and_takes_nothing() {
        let mut image = ConfigImage::new();
        image.define(0xffe, u32::MAX, u32::MAX);
        image.write(0xffe, &[1, 2, 3, 4]);
        image.write(u64::MAX, &[1]);
        assert_eq!(image.dword(0xffe), 0xffff_0201);
        assert_eq!(image.dword(0xfff0), u32::MAX);
    }
}
