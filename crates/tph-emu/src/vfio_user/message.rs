//! Messages of vfio-user: numbers, headers, fixed-size bodies. All integers are in the byte order of the
//! machine, as both ends run on the same one.

/// The size of a header.
pub(super) const HEADER: usize = 16;
/// The most data that one message reads or writes, as we tell the client.
pub(super) const MAX_DATA: usize = 0x10_0000;
/// The largest message that is taken in.
pub(super) const MAX_MESSAGE: usize = MAX_DATA + 0x1000;
/// The most file descriptors of one message, which is also the most that QEMU takes us to mean.
pub(super) const MAX_FDS: usize = 16;

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Version,
    DmaMap,
    DmaUnmap,
    DeviceInfo,
    RegionInfo,
    IrqInfo,
    SetIrqs,
    RegionRead,
    RegionWrite,
    DeviceReset,
}

impl Command {
    pub(super) const fn from_number(number: u16) -> Option<Self> {
        Some(match number {
            1 => Self::Version,
            2 => Self::DmaMap,
            3 => Self::DmaUnmap,
            4 => Self::DeviceInfo,
            5 => Self::RegionInfo,
            7 => Self::IrqInfo,
            8 => Self::SetIrqs,
            9 => Self::RegionRead,
            10 => Self::RegionWrite,
            13 => Self::DeviceReset,
            _ => return None,
        })
    }
}

/// The header of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u16,
    pub(super) command: u16,
    pub(super) size: u32,
    pub(super) flags: u32,
    pub(super) error: u32,
}

impl Header {
    const TYPE: u32 = 0xf;
    const REPLY: u32 = 1;
    const NO_REPLY: u32 = 1 << 4;
    const ERROR: u32 = 1 << 5;

    pub(super) fn parse(bytes: [u8; HEADER]) -> Self {
        let [a, b, c, d, rest @ ..] = bytes;
        let mut fields = Fields(&rest);
        Self {
            id: u16::from_ne_bytes([a, b]),
            command: u16::from_ne_bytes([c, d]),
            size: fields.u32().unwrap_or(0),
            flags: fields.u32().unwrap_or(0),
            error: fields.u32().unwrap_or(0),
        }
    }

    pub(super) const fn is_command(&self) -> bool {
        self.flags & Self::TYPE == 0
    }

    pub(super) const fn wants_reply(&self) -> bool {
        self.flags & Self::NO_REPLY == 0
    }

    /// The message that answers this one with `body`, or with an error number.
    pub(super) fn reply(&self, outcome: Result<&[u8], u32>) -> Vec<u8> {
        let (flags, error, body) = match outcome {
            Ok(body) => (Self::REPLY, 0, body),
            Err(errno) => (Self::REPLY | Self::ERROR, errno, &[][..]),
        };
        let size = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend(self.id.to_ne_bytes());
        bytes.extend(self.command.to_ne_bytes());
        for field in [size, flags, error] {
            bytes.extend(field.to_ne_bytes());
        }
        bytes.extend(body);
        bytes
    }
}

/// Integers off the front of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_carries_the_number_of_its_message() {
        let header = Header { id: 7, command: 9, size: 32, flags: 0, error: 0 };
        let reply = header.reply(Ok(&[1, 2, 3]));
        let (bytes, body) = reply.split_first_chunk().unwrap();
        assert_eq!(body, [1, 2, 3]);
        let expected = Header { size: 19, flags: 1, ..header };
        assert_eq!(Header::parse(*bytes), expected);
        let refusal = header.reply(Err(22));
        let expected = Header { size: 16, flags: 0x21, error: 22, ..header };
        assert_eq!(Header::parse(*refusal.first_chunk().unwrap()), expected);
    }
}
