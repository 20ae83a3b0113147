//! The number of each reason why a request is refused.

use tph::{
    AccessError, CpuId, EntryError, Error, FirmwareError, Malformed, MemoryType, RequesterType,
    StIndex, StMode,
};
use tph_abi::Errno;

#[test]
fn each_reason_has_its_number() {
    let cpu = CpuId(1);
    let entry = |error| Error::Entry { position: 0, error };
    let firmware = |error| entry(EntryError::Firmware(error));
    let (memory, requester) = (MemoryType::Volatile, RequesterType::Tph);
    let cases = [
        (Errno::EOPNOTSUPP, vec![Error::NoCapability, Error::SwitchedOff, Error::NoTable]),
        (Errno::EOPNOTSUPP, vec![Error::TableTakesTags, Error::DirectTagsNotAllowed]),
        (Errno::EBUSY, vec![Error::AlreadyEnabled]),
        (Errno::EINVAL, vec![Error::Malformed(Malformed::NoMsix), Error::NoCompleter]),
        (Errno::EINVAL, vec![Error::ModeNotSupported(StMode::NoSt), Error::NotEnabled]),
        (Errno::EINVAL, vec![Error::WrongMode(StMode::NoSt)]),
        (Errno::EIO, vec![Error::NotTaken { held: tph::Control(0) }]),
        (Errno::EIO, vec![Error::Access(AccessError::Failed), firmware(FirmwareError::Failed)]),
        (Errno::ENODEV, vec![Error::Access(AccessError::Gone), firmware(FirmwareError::Absent)]),
        (Errno::ENODEV, vec![firmware(FirmwareError::NoRootPort)]),
        (Errno::ENXIO, vec![entry(EntryError::VectorNotAllocated(StIndex(0)))]),
        (Errno::ENXIO, vec![entry(EntryError::IndexOutOfRange { index: StIndex(8), entries: 8 })]),
        (
            Errno::EINVAL,
            vec![entry(EntryError::CpuAbsent(cpu)), entry(EntryError::CpuOffline(cpu))],
        ),
        (
            Errno::EINVAL,
            vec![entry(EntryError::CpuNotPermitted(cpu)), firmware(FirmwareError::NoUid)],
        ),
        (Errno::ENODATA, vec![entry(EntryError::NoTag { cpu, memory, requester })]),
    ];
    for (errno, reasons) in cases {
        for reason in reasons {
            assert_eq!(Errno::from(reason), errno, "{reason}");
            assert!(errno.name().is_some());
        }
    }
}
