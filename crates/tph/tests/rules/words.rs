//! What is said of values: each has words of its own, since errors are told apart by them.

use std::collections::BTreeSet;
use std::fmt::Display;

use tph::tlp::{DecodeError, EncodeError};
use tph::{
    AccessError, AcpiUid, Bdf, Completer, ConfigOffset, Control, CpuId, DmaBufError, EntryError,
    Error, FirmwareError, Malformed, MemoryType, ParseBdfError, ProcessingHint, RequesterEnable,
    RequesterType, StIndex, StMode, TableLocation, Tag16,
};

fn apart<T: Display>(values: impl IntoIterator<Item = T>) {
    let mut seen = BTreeSet::new();
    for value in values {
        let words = value.to_string();
        assert!(!words.is_empty());
        assert!(seen.insert(words.clone()), "two say {words:?}");
    }
}

#[test]
fn numbers_are_written_as_people_write_them() {
    assert_eq!(CpuId(12).to_string(), "12");
    assert_eq!(AcpiUid(34).to_string(), "34");
    assert_eq!(StIndex(56).to_string(), "56");
    assert_eq!(ConfigOffset::EXTENDED.to_string(), "0x100");
    assert_eq!(RequesterType::ExtendedTph.to_string(), "16-bit tags");
}

#[test]
fn no_two_values_of_a_field_have_the_same_words() {
    apart(StMode::ALL);
    apart(ProcessingHint::ALL);
    apart([MemoryType::Volatile, MemoryType::Persistent]);
    apart([RequesterType::Tph, RequesterType::ExtendedTph]);
    apart((0..4).map(RequesterEnable::from_low_bits));
    apart((0..4).map(TableLocation::from_low_bits));
    apart((0..4).map(|bits| Completer::from_device_capabilities_2(bits << 12)));
}

#[test]
fn no_two_reasons_have_the_same_words() {
    let malformed = [
        Malformed::ReservedLocation,
        Malformed::TooManyEntries { entries: 65 },
        Malformed::TooManyEntries { entries: 66 },
        Malformed::PastTheEnd,
        Malformed::NoMsix,
    ];
    let firmware = [
        FirmwareError::NoRootPort,
        FirmwareError::Absent,
        FirmwareError::NoUid,
        FirmwareError::Failed,
    ];
    let access = [AccessError::Gone, AccessError::Failed];
    apart(malformed);
    apart(firmware);
    apart(access);

    let (cpu, memory, requester) = (CpuId(3), MemoryType::Persistent, RequesterType::Tph);
    let mut entry = vec![
        EntryError::IndexOutOfRange { index: StIndex(9), entries: 8 },
        EntryError::VectorNotAllocated(StIndex(9)),
        EntryError::CpuAbsent(cpu),
        EntryError::CpuOffline(cpu),
        EntryError::CpuNotPermitted(cpu),
        EntryError::NoTag { cpu, memory, requester },
    ];
    entry.extend(firmware.map(EntryError::Firmware));
    apart(entry.clone());

    let mut all = vec![
        Error::NoCapability,
        Error::SwitchedOff,
        Error::AlreadyEnabled,
        Error::DirectTagsNotAllowed,
        Error::NoCompleter,
        Error::NotEnabled,
        Error::NoTable,
        Error::TableTakesTags,
        Error::NotTaken { held: Control(1) },
        Error::NotTaken { held: Control(2) },
    ];
    all.extend(StMode::ALL.map(Error::ModeNotSupported));
    all.extend(StMode::ALL.map(Error::WrongMode));
    all.extend(malformed.map(Error::Malformed));
    all.extend(access.map(Error::Access));
    all.extend(entry.into_iter().map(|error| Error::Entry { position: 5, error }));
    apart(all);
}

#[test]
fn no_two_reasons_without_a_device_have_the_same_words() {
    apart([
        DmaBufError::NoCompleter,
        DmaBufError::NoExtendedCompleter,
        DmaBufError::NoTag(RequesterType::Tph),
        DmaBufError::NoTag(RequesterType::ExtendedTph),
        DmaBufError::TooWide(Tag16(0x100)),
        DmaBufError::Revoked,
        DmaBufError::NotOpen,
        DmaBufError::NotADmaBuf,
        DmaBufError::NotExportedHere,
        DmaBufError::Interrupted,
        DmaBufError::NoMemory,
        DmaBufError::NoExport,
    ]);
    apart([
        EncodeError::ByteEnablesDisplaced,
        EncodeError::TagTooLarge,
        EncodeError::ByteEnablesTooLarge,
    ]);
    let code = 0x05;
    apart([DecodeError::TooShort, DecodeError::NotAMemoryRequest { code }]);
    assert!(DecodeError::NotAMemoryRequest { code }.to_string().contains("0x05"));
    let refused: Result<Bdf, ParseBdfError> = "elsewhere".parse();
    assert!(refused.unwrap_err().to_string().contains("0000:01:00.0"), "it shows how");
}
