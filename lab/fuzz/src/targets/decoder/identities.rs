//! What is decoded and encoded again is what it was, and bits without a meaning stay.

use arbitrary::Unstructured;
use tph::tlp::{self, Framing};
use tph::{Capability, Control, DsmCall, FirmwareError, MemoryType, ModeSet, ProcessingHint};
use tph::{RequesterEnable, RequesterType, StMode, SteeringTag, TableLocation, TagWord};

use crate::targets::any;

pub(super) fn check(input: &mut Unstructured<'_>) {
    let value: u32 = any(input);
    control(Control(value));
    capability(Capability(value));
    let word: u64 = u64::from(value) << 32 | u64::from(any::<u32>(input));
    tag_word(TagWord(word));
    fields(value.to_le_bytes()[0]);
    answer(input.peek_bytes(input.len().min(9)).unwrap_or_default());
    for framing in [Framing::NonFlit, Framing::Flit] {
        packet(input.peek_bytes(input.len()).unwrap_or_default(), framing);
    }
}

fn control(register: Control) {
    for mode in StMode::ALL {
        let new = register.with_mode(mode);
        assert_eq!((new.mode(), new.enable()), (Some(mode), register.enable()));
        assert_eq!(new.reserved(), register.reserved());
        assert_eq!(new == register, register.mode() == Some(mode));
    }
    for bits in 0..4 {
        let enable = RequesterEnable::from_low_bits(bits);
        let new = register.with_enable(enable);
        assert_eq!((new.enable(), new.mode()), (enable, register.mode()));
        assert_eq!(new.reserved(), register.reserved());
        assert_eq!(new == register, register.enable() == enable);
        assert_eq!(enable.bits(), bits);
    }
}

/// The register made again out of its fields, and of what is in none.
fn capability(register: Capability) {
    let extended = u32::from(register.requester_type() == RequesterType::ExtendedTph);
    let again = u32::from(register.modes().bits())
        | extended << 8
        | u32::from(register.table_location().bits()) << 9
        | u32::from(register.table_size() - 1) << 16
        | register.reserved();
    assert_eq!(again, register.0);
}

fn tag_word(word: TagWord) {
    for memory in [MemoryType::Volatile, MemoryType::Persistent] {
        for requester in [RequesterType::Tph, RequesterType::ExtendedTph] {
            let tag = SteeringTag::from_entry_bits(word.0 as u16, requester);
            let new = word.with_tag(memory, tag);
            assert_eq!(new.tag(memory, requester), Some(tag));
            assert_eq!(new.hint_ignored(memory), word.hint_ignored(memory));
            for other in [MemoryType::Volatile, MemoryType::Persistent] {
                for kind in [RequesterType::Tph, RequesterType::ExtendedTph] {
                    if (other, kind) != (memory, requester) {
                        assert_eq!(new.tag(other, kind), word.tag(other, kind));
                    }
                }
            }
            if let Some(tag) = word.tag(memory, requester) {
                assert_eq!(word.with_tag(memory, tag), word);
            }
        }
        assert!(word.with_hint_ignored(memory).hint_ignored(memory));
    }
}

fn fields(bits: u8) {
    assert_eq!(StMode::from_bits(bits).map_or(bits, StMode::bits), bits);
    assert_eq!(ProcessingHint::from_bits(bits).map_or(bits, ProcessingHint::bits), bits);
    assert_eq!(ProcessingHint::from_low_bits(bits).bits(), bits & 3);
    assert_eq!(TableLocation::from_low_bits(bits).bits(), bits & 3);
    let set = ModeSet::from_low_bits(bits);
    assert_eq!(set.iter().fold(0, |all, mode| all | 1 << mode.bits()), set.bits());
    assert_eq!(RequesterType::from_tag_bits(bits).map_or(bits, RequesterType::tag_bits), bits);
}

fn answer(bytes: &[u8]) {
    let word = TagWord::from_answer(bytes);
    assert_eq!(word.is_err(), bytes.len() < DsmCall::ANSWER_SIZE);
    assert!(word.is_ok() || word == Err(FirmwareError::Failed));
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 != 0);
    assert_eq!(DsmCall::gives_tags(bytes), bit(0) && bit(15));
}

/// Whatever decodes can be encoded, and says the same then.
fn packet(bytes: &[u8], framing: Framing) {
    let Ok((request, length)) = tlp::decode(bytes, framing) else { return };
    assert!(length <= bytes.len());
    let header = tlp::encode(&request, framing).expect("what was read can be written");
    let (again, whole) = tlp::decode(header.as_bytes(), framing).expect("it is a header");
    assert_eq!((again, whole), (request, header.as_bytes().len()));
}
