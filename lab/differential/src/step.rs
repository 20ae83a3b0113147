//! What a user of a device can do to it.

use std::fmt;

use tph_abi::layout::dma_buf::get;
use tph_abi::layout::{self, Field, ctrl, entry, op, st};
use tph_abi::{CLEAR_CPU, Operation};

use crate::Rights;

/// Bytes of a request that a mismatch shows.
const SHOWN: usize = 64;
/// Entries of a request that a mismatch shows.
const SHOWN_ENTRIES: usize = 8;

/// One step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The ioctl with these bytes, at least as many as the server may read.
    Call(Vec<u8>),
    /// A write to configuration space.
    Write {
        /// Where.
        offset: u16,
        /// What.
        bytes: Vec<u8>,
    },
    /// A reset of the function.
    Reset,
    /// The device is closed and opened again.
    Reopen,
    /// MSI-X vectors are set up: so many, from the first.
    Vectors(u16),
    /// All MSI-X vectors are freed.
    FreeVectors,
    /// Who asks has these rights from now on.
    Caller(Rights),
}

impl Step {
    /// The ioctl with `bytes`, and behind them what a server reads beyond them if they claim more
    /// than there is.
    pub fn call(mut bytes: Vec<u8>) -> Self {
        const FILL: u8 = 0xa5;
        // As a server does it: each part tells how long the next one is.
        let mut have = 0;
        while let Ok(wanted) = tph_abi::needed(&bytes[..have]) {
            if wanted <= have {
                break;
            }
            bytes.resize(bytes.len().max(wanted), FILL);
            have = wanted;
        }
        Self::Call(bytes)
    }

    /// Its bytes as a request whose operation takes entries, and how many entries lie in them.
    pub(crate) fn entries(&self) -> Option<(&[u8], usize)> {
        let Self::Call(bytes) = self else { return None };
        match operation(bytes)? {
            Operation::GetSt | Operation::SetSt | Operation::GetEntries => {
                let rest = bytes.len().checked_sub(layout::FIXED_SIZE)?;
                Some((bytes, rest / entry::LAYOUT.size))
            }
            _ => None,
        }
    }
}

pub(crate) fn operation(bytes: &[u8]) -> Option<Operation> {
    Operation::from_number(op::OP.read(bytes, 0)?)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(bytes) => {
                words(f, bytes)?;
                f.write_str("\n       bytes")?;
                hex(f, bytes)
            }
            Self::Write { offset, bytes } => {
                write!(f, "write to configuration space at {offset:#x}:")?;
                hex(f, bytes)
            }
            Self::Reset => f.write_str("reset"),
            Self::Reopen => f.write_str("close and open"),
            Self::Vectors(count) => write!(f, "set up {count} vectors"),
            Self::FreeVectors => f.write_str("free vectors"),
            Self::Caller(rights) => write!(f, "the caller may run on {rights}"),
        }
    }
}

/// What the fields of a request say.
fn words(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let field = |field: Field, base| field.read(bytes, base).unwrap_or_default();
    let argsz = field(op::ARGSZ, 0);
    let Some(operation) = operation(bytes) else {
        return write!(f, "operation {:#x}, argsz {argsz}", field(op::OP, 0));
    };
    write!(f, "{operation:?}, argsz {argsz}")?;
    match operation {
        Operation::GetCap | Operation::Disable => Ok(()),
        Operation::Enable => write!(f, ", mode {:#x}", field(ctrl::MODE, layout::BODY)),
        Operation::DmaBufGet => {
            write!(f, ", descriptor {:#x}", field(get::DMABUF_FD, 0))?;
            write!(f, ", width {}", field(get::WIDTH, 0))
        }
        Operation::GetSt | Operation::SetSt | Operation::GetEntries => {
            let count = field(st::COUNT, layout::BODY);
            write!(f, ", {count} entries:")?;
            for position in (0..count as usize).take(SHOWN_ENTRIES) {
                let base = layout::st_size(position);
                let index = field(entry::INDEX, base);
                match field(entry::CPU, base) {
                    _ if operation == Operation::GetEntries => write!(f, " [{index}]")?,
                    CLEAR_CPU => write!(f, " [{index}]=clear")?,
                    cpu => write!(f, " [{index}]=cpu {cpu}/{}", field(entry::MEM_TYPE, base))?,
                }
            }
            if count as usize > SHOWN_ENTRIES { f.write_str(" …") } else { Ok(()) }
        }
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for (at, byte) in bytes.iter().take(SHOWN).enumerate() {
        write!(f, "{}{byte:02x}", if at % 4 == 0 { " " } else { "" })?;
    }
    match bytes.len().checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => write!(f, " … {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_claims_more_than_it_has_is_filled_up() {
        let no_entries = [28_u32, 3, 0].map(u32::to_le_bytes).concat();
        let part = tph_conformance::get_cap()[..9].to_vec();
        let lengths = [(vec![], 8), (part, 16), (no_entries, 16)];
        for (bytes, length) in lengths {
            let Step::Call(bytes) = Step::call(bytes) else { panic!("it is a call") };
            assert_eq!(bytes.len(), length);
        }
    }

    #[test]
    fn a_step_says_what_it_is() {
        let step = Step::call(tph_conformance::enable(2));
        assert_eq!(
            step.to_string(),
            "Enable, argsz 16, mode 0x2\n       bytes 10000000 01000000 02000000 00000000"
        );
        let step = Step::Write { offset: 0x108, bytes: vec![1, 2, 3, 4, 5] };
        assert_eq!(step.to_string(), "write to configuration space at 0x108: 01020304 05");
    }
}
