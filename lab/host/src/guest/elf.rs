//! Telling early whether a program can run in the guest, which has no shared libraries.

const PT_INTERP: u32 = 3;

/// Why a program cannot run in the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    NotElf,
    Dynamic,
}

/// Looks at the ELF header and the program headers (System V gABI, chapter 5) of a 64-bit program.
pub(super) fn check(program: &[u8]) -> Result<(), Unfit> {
    if program.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err(Unfit::NotElf);
    }
    let offset = bytes(program, 32).map(u64::from_le_bytes);
    let size = bytes(program, 54).map(u16::from_le_bytes);
    let count = bytes(program, 56).map(u16::from_le_bytes);
    let (Some(offset), Some(size), Some(count)) = (offset, size, count) else {
        return Err(Unfit::NotElf);
    };
    let headers = (0..u64::from(count)).map(|index| offset + index * u64::from(size));
    for header in headers {
        let kind = usize::try_from(header).ok().and_then(|at| bytes(program, at));
        if kind.map(u32::from_le_bytes) == Some(PT_INTERP) {
            return Err(Unfit::Dynamic);
        }
    }
    Ok(())
}

fn bytes<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with one program header of the given type.
    fn program(kind: u32) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        bytes[64..68].copy_from_slice(&kind.to_le_bytes());
        bytes
    }

    #[test]
    fn only_a_program_without_an_interpreter_is_fit() {
        assert_eq!(check(&program(1)), Ok(()));
        assert_eq!(check(&program(PT_INTERP)), Err(Unfit::Dynamic));
        assert_eq!(check(b"#!/bin/sh\n"), Err(Unfit::NotElf));
        assert_eq!(check(&program(1)[..40]), Err(Unfit::NotElf));
    }
}
