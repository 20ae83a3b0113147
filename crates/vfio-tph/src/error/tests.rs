//! What errors say, and what they know.

use super::*;
use tph::{CpuId, EntryError, MemoryType, StIndex, StMode};

use crate::{DumpErrorKind, Unreadable, VfioCall};

#[test]
fn an_error_names_device_step_errno_and_meaning() {
    let error = Error::Request {
        device: "0000:01:00.0".into(),
        step: Step::Enable(StMode::DeviceSpecific),
        errno: Errno::EBUSY,
        cause: None,
    };
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: enabling device-specific mode: EBUSY: TPH is enabled already"
    );
    let error = Error::Open {
        address: "1:0.0".parse().unwrap(),
        step: OpenStep::Group { group: 7 },
        errno: Some(Errno::EACCES),
        detail: String::new(),
    };
    assert_eq!(error.to_string(), "0000:01:00.0: opening /dev/vfio/7: EACCES");
    let error = Error::Open {
        address: "1:0.0".parse().unwrap(),
        step: OpenStep::Container,
        errno: Some(Errno(2)),
        detail: String::new(),
    };
    assert_eq!(
        error.to_string(),
        "0000:01:00.0: opening /dev/vfio/vfio: No such file or directory (os error 2)"
    );
}

#[test]
fn only_what_is_not_offered_is_not_supported() {
    for (errno, expected) in [
        (Errno::ENOTTY, true),
        (Errno::EOPNOTSUPP, true),
        (Errno::EINVAL, false),
        (Errno::EBUSY, false),
    ] {
        let error =
            Error::Request { device: "x".into(), step: Step::Capability, errno, cause: None };
        assert_eq!(error.is_not_supported(), expected, "{errno}");
    }
}

#[test]
fn a_rehearsal_is_not_supported_where_the_request_is_not() {
    use tph::{EntryError, FirmwareError};
    let entry = |error| tph::Error::Entry { position: 0, error };
    for error in [
        tph::Error::NoCapability,
        tph::Error::NoTable,
        tph::Error::NoCompleter,
        tph::Error::ModeNotSupported(StMode::DeviceSpecific),
        entry(EntryError::Firmware(FirmwareError::Absent)),
    ] {
        let errno = Errno::from(error);
        let request =
            Error::Request { device: "x".into(), step: Step::Capability, errno, cause: None };
        let rehearsal = Error::Rehearsal { device: "x".into(), error };
        assert_eq!(rehearsal.is_not_supported(), request.is_not_supported(), "{error}");
    }
}

const ADDRESS: &str = "0000:01:00.0";

fn address() -> Bdf {
    ADDRESS.parse().unwrap()
}

fn refused() -> io::Error {
    io::Error::from_raw_os_error(Errno::EACCES.0)
}

/// An error of each kind; what it must say: whom it is about, and the step and the reason; its number.
fn each_kind() -> Vec<(Error, [&'static str; 3], Option<Errno>)> {
    let (path, file) = (PathBuf::from("/a/file"), "/a/file");
    let denied = ["/a/file: ", "Permission denied", "(os error 13)"];
    let access = Some(Errno::EACCES);
    let detail = String::new();
    let device = ADDRESS.to_owned();
    let request = |first, count, errno, cause| {
        let step = Step::Program { first, count };
        Error::Request { device: device.clone(), step, errno, cause: Some(cause) }
    };
    let dump = crate::Dump::parse("01:00.0 x\n00: 01\n").unwrap_err();
    assert_eq!(dump.kind, DumpErrorKind::ShortRow { found: 1 });
    vec![
        (
            request(2048, 9, Errno::EINVAL, Cause::CpuNotUsable { position: 2050, cpu: CpuId(7) }),
            ["entries 2048 to 2056", "EINVAL: entry 2050 of the batch", "CPU 7"],
            Some(Errno::EINVAL),
        ),
        (
            request(0, 9, Errno::ENXIO, Cause::VectorNotSetUp { position: 3, index: StIndex(5) }),
            ["programming 9 ST entries", "ENXIO: entry 3 of the batch", "ST entry 5"],
            Some(Errno::ENXIO),
        ),
        (
            request(
                0,
                1,
                Errno::ENODATA,
                Cause::NoTag { position: 0, cpu: CpuId(7), memory: MemoryType::Persistent },
            ),
            ["programming 1 ST entry", "ENODATA: entry 0 of the batch is for CPU 7", "persistent"],
            Some(Errno::ENODATA),
        ),
        (
            Error::Open {
                address: address(),
                step: OpenStep::Device,
                errno: access,
                detail: detail.clone(),
            },
            [ADDRESS, "opening the VFIO device", "EACCES"],
            access,
        ),
        (
            Error::Call {
                address: address(),
                call: VfioCall::MapBar { bar: 2 },
                errno: access,
                detail,
            },
            [ADDRESS, "mapping BAR 2", "EACCES"],
            access,
        ),
        (Error::Sysfs { path: path.clone(), source: refused() }, denied, access),
        (Error::Record { path: path.clone(), source: refused() }, denied, access),
        (Error::Capture { path: path.clone(), source: refused() }, denied, access),
        (Error::DumpFile { path: path.clone(), source: refused() }, denied, access),
        (Error::Dump { path, source: dump }, [file, "line 2", "1"], None),
        (
            Error::Refused { address: address(), refusal: Refusal::NoIommuGroup },
            [ADDRESS, "IOMMU", "group"],
            None,
        ),
        (Error::NoSuchFunction { address: address() }, [ADDRESS, "no such", "function"], None),
        (
            Error::Unreadable { address: address(), why: Unreadable::CutOff { bytes: 64 } },
            [ADDRESS, "64", "bytes"],
            None,
        ),
        (
            Error::Rehearsal {
                device,
                error: tph::Error::Entry { position: 4, error: EntryError::CpuOffline(CpuId(7)) },
            },
            [ADDRESS, "entry 4", "CPU 7"],
            None,
        ),
        (Error::Uevents { source: refused() }, ["listening", "kernel's events", "denied"], access),
        (Error::Process { process: 17, source: refused() }, ["process 17", ": ", "denied"], access),
        (Error::NotADevice { name: "nic".into() }, ["\"nic\"", "PCI address", "01:00.0"], None),
        (Error::NoSuchName { name: "nic".into() }, ["\"nic\"", "no network", "NVMe"], None),
        (
            Error::Ambiguous { name: "1:0.0".into(), candidates: vec![address(), address()] },
            ["\"1:0.0\"", ADDRESS, " or "],
            None,
        ),
    ]
}

#[test]
fn each_error_says_whom_it_is_about_what_was_done_and_why_not() {
    for (error, words, errno) in each_kind() {
        let text = error.to_string();
        for word in words {
            assert!(text.contains(word), "{word:?} is not in: {text}");
        }
        assert_eq!(error.errno(), errno, "{text}");
        assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
    }
}

/// Without a wildcard: a new kind of error does not compile until it is here, and then in `each_kind`.
fn number(error: &Error) -> usize {
    match error {
        Error::Request { .. } => 0,
        Error::Open { .. } => 1,
        Error::Call { .. } => 2,
        Error::Sysfs { .. } => 3,
        Error::Refused { .. } => 4,
        Error::Record { .. } => 5,
        Error::Capture { .. } => 6,
        Error::NoSuchFunction { .. } => 7,
        Error::Unreadable { .. } => 8,
        Error::Rehearsal { .. } => 9,
        Error::Uevents { .. } => 10,
        Error::Process { .. } => 11,
        Error::NotADevice { .. } => 12,
        Error::NoSuchName { .. } => 13,
        Error::Ambiguous { .. } => 14,
        Error::DumpFile { .. } => 15,
        Error::Dump { .. } => 16,
    }
}

#[test]
fn no_kind_of_error_is_left_out() {
    let mut kinds: Vec<_> = each_kind().iter().map(|(error, ..)| number(error)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, (0..17).collect::<Vec<_>>());
}
