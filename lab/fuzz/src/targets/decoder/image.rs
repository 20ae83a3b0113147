//! Configuration space that is made of the input and counts what is read of it.

use arbitrary::Unstructured;
use tph::{AccessError, ConfigOffset, ConfigSpace, ExtendedHeader};

use crate::targets::any;

const DWORDS: usize = ConfigOffset::SPACE as usize / 4;

pub(super) struct Image {
    dwords: [u32; DWORDS],
    reads: u32,
}

impl Image {
    /// Bytes from the start of the space, or dwords with their places.
    pub(super) fn of(input: &mut Unstructured<'_>) -> Self {
        let mut image = Self { dwords: [0; DWORDS], reads: 0 };
        let form: u8 = any(input);
        if form == 0 {
            let length = input.len() / 4 * 4;
            let bytes = input.bytes(length).unwrap_or_default();
            for (dword, four) in image.dwords.iter_mut().zip(bytes.as_chunks().0) {
                *dword = u32::from_le_bytes(*four);
            }
            return image;
        }
        // A device that has both lists.
        image.dwords[1] = 1 << 20;
        image.dwords[0x34 / 4] = 0x40;
        for _ in 0..form % 64 {
            let (place, value): (u16, u32) = (any(input), any(input));
            let at = usize::from(place & 0x3ff);
            image.dwords[at] = match place >> 10 {
                // What lies in the lists, so that few bytes make one.
                0..=7 => value & 0xffff_ff00 | 0x10,
                8..=15 => value & 0xffff_ff00 | 0x11,
                16..=31 => value & 0xfffc_0000 | 0x0001_0017,
                32..=39 => value | 1 << 20,
                _ => value,
            };
            if input.is_empty() {
                break;
            }
        }
        image
    }

    /// The dword at `offset`, not counted.
    pub(super) fn at(&self, offset: u16) -> u32 {
        self.dwords[usize::from(offset / 4)]
    }

    /// What `look` answers, if it reads at most so often.
    pub(super) fn counted<T>(&mut self, most: u32, look: impl FnOnce(&mut Self) -> T) -> T {
        self.reads = 0;
        let answer = look(self);
        assert!(self.reads <= most, "{} reads, at most {most} can be needed", self.reads);
        answer
    }

    /// Where the first capability with this ID lies: a walk that stops where it has been.
    pub(super) fn walk(&self, id: u8) -> Option<u16> {
        if self.at(4) == u32::MAX || self.at(4) & 1 << 20 == 0 {
            return None;
        }
        let mut been = [false; 64];
        let mut at = (self.at(0x34) & 0xfc) as u16;
        while at >= 0x40 && !std::mem::replace(&mut been[usize::from(at / 4)], true) {
            let header = self.at(at);
            if header as u8 == id {
                return Some(at);
            }
            at = (header >> 8 & 0xfc) as u16;
        }
        None
    }

    /// The same in the list of extended capabilities.
    pub(super) fn walk_extended(&self, id: u16) -> Option<ConfigOffset> {
        let mut been = [0_u64; DWORDS / 64];
        let mut at = 0x100;
        loop {
            let place = usize::from(at / 4);
            let header = self.at(at);
            if header == 0 || header == u32::MAX || been[place / 64] >> (place % 64) & 1 != 0 {
                return None;
            }
            been[place / 64] |= 1 << (place % 64);
            if header as u16 == id {
                return ConfigOffset::new(at);
            }
            at = (header >> 20) as u16 & !3;
            assert_eq!(ExtendedHeader(header).next().map(ConfigOffset::get), {
                (at >= 0x100).then_some(at)
            });
            if at < 0x100 {
                return None;
            }
        }
    }
}

impl ConfigSpace for Image {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.reads += 1;
        Ok(self.at(offset.get()))
    }

    fn write_config(&mut self, offset: ConfigOffset, _: u32) -> Result<(), AccessError> {
        panic!("looking writes to {offset}");
    }
}
