//! Processes made by hand, and this one.

use std::os::unix::fs::symlink;

use tph::{DmaBufHint, DmaBufTags, ProcessingHint, SteeringTag, Tag8, Tag16};
use tph_abi::{Errno, Transport};

use super::*;
use crate::{Descriptor, TphDevice};

struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn process(&self, pid: u32, name: &str, files: &[(i32, &str, &str)]) {
        let files: Vec<_> =
            files.iter().map(|(number, link, info)| (*number, *link, info.as_bytes())).collect();
        self.process_of_bytes(pid, name.as_bytes(), &files);
    }

    fn process_of_bytes(&self, pid: u32, name: &[u8], files: &[(i32, &str, &[u8])]) {
        let folder = self.0.path().join(format!("proc/{pid}"));
        for part in ["fd", "fdinfo"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("comm"), [name, b"\n"].concat()).unwrap();
        for (number, link, info) in files {
            symlink(link, folder.join("fd").join(number.to_string())).unwrap();
            fs::write(folder.join("fdinfo").join(number.to_string()), info).unwrap();
        }
    }

    fn processes(&self) -> Processes {
        Processes::at(self.0.path())
    }
}

const BUFFER: &str = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t81\nsize:\t8192\ncount:\t2\n\
    exp_name:\tvfio_pci_core\n";
const DEVICE: &str = "pos:\t0\nflags:\t02000002\nmnt_id:\t16\nino:\t9\n\
    vfio-device-syspath: /sys/devices/pci0000:00/0000:00:05.0/0000:01:00.0\n";

#[test]
fn a_process_has_dma_bufs_and_devices() {
    let root = Root::new();
    let files = [
        (0, "/dev/null", "pos:\t0\n"),
        (11, "/dmabuf:", BUFFER),
        (5, "anon_inode:[vfio-device]", DEVICE),
        (7, "/dev/vfio/devices/vfio3", "pos:\t0\n"),
        (9, "/dmabuf:frame", "pos:\t0\nname:\tframe\nexp_name:\tudmabuf\n"),
    ];
    root.process(42, "fio", &files);
    let process = root.processes().process(42).unwrap();
    assert_eq!((process.pid, process.name.as_str()), (42, "fio"));
    let [frame, memory] = &process.buffers[..] else { panic!("{process:?}") };
    assert_eq!((frame.descriptor, frame.size, frame.name.as_deref()), (9, None, Some("frame")));
    assert!(!frame.is_from_vfio() && memory.is_from_vfio());
    assert_eq!(
        (memory.descriptor, memory.inode, memory.size, memory.references),
        (11, Some(81), Some(8192), Some(2))
    );
    let address = |at: &str| Some(at.parse::<Bdf>().unwrap());
    let devices: Vec<_> = process.devices.iter().map(|it| (it.descriptor, it.address)).collect();
    assert_eq!(devices, [(5, address("0000:01:00.0")), (7, None)]);
}

#[test]
fn names_that_are_no_text_hide_nothing() {
    let root = Root::new();
    let named = [BUFFER.as_bytes(), b"name:\tfr\xffame\n"].concat();
    root.process_of_bytes(7, b"f\xffo", &[(3, "/dmabuf:fr", &named)]);
    let (found, unreadable) = root.processes().all().unwrap();
    let [process] = &found[..] else { panic!("{found:?}, {unreadable} unreadable") };
    assert_eq!(process.name, "f\u{fffd}o");
    let buffer = &process.buffers[0];
    assert_eq!((buffer.inode, buffer.name.as_deref()), (Some(81), Some("fr\u{fffd}ame")));
    let folder = root.0.path().join("sys/kernel/debug/dma_buf");
    fs::create_dir_all(&folder).unwrap();
    let line = b"00008192\t0\t0\t3\tvfio_pci_core\t00000081\tfr\xffame\n";
    fs::write(folder.join("bufinfo"), line).unwrap();
    assert_eq!(root.processes().attachments().unwrap(), [(81, Vec::new())].into());
}

/// A driver with this hint on its dma-bufs; without one, it does not know the question.
struct Driver(Option<DmaBufHint>);

impl tph::DmaBufs for Driver {
    fn hint(&mut self, _: i32) -> Result<Option<DmaBufHint>, tph::DmaBufError> {
        Ok(self.0)
    }

    fn set_hint(&mut self, _: i32, _: DmaBufHint) -> Result<(), tph::DmaBufError> {
        unreachable!("it is only asked")
    }
}

impl Transport for Driver {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        match self.0 {
            // Its answer to every unknown operation.
            None => Err(Errno::EINVAL),
            Some(_) => tph_abi::answer_dma_buf(request, self).expect("DMA_BUF_GET").map(drop),
        }
    }
}

#[test]
fn no_tags_and_no_answer_are_told_apart() {
    let seen = |hint| {
        let mut device = TphDevice::new(Driver(hint), "0000:02:00.0");
        tags::seen(&mut device, Descriptor(3))
    };
    let hint = |tags| Some(DmaBufHint { tags, hint: ProcessingHint::Target });
    let [narrow, wide] = [SteeringTag::Standard(Tag8(0xf0)), SteeringTag::Extended(Tag16(0x1f0))];
    for (tags, expected) in [
        (DmaBufTags::NONE, vec![]),
        (DmaBufTags::Apart { standard: Some(Tag8(0xf0)), extended: None }, vec![narrow]),
        (DmaBufTags::Apart { standard: None, extended: Some(Tag16(0x1f0)) }, vec![wide]),
        // 8 bits of it are not to be had: EINVAL, and no reason to know nothing.
        (DmaBufTags::Single(Tag16(0x1f0)), vec![wide]),
    ] {
        let seen: SeenTags = seen(hint(tags)).unwrap();
        assert_eq!(seen.hint.is_some(), !expected.is_empty(), "{tags:?}");
        assert_eq!(seen.tags, expected, "{tags:?}");
    }
    let error = seen(None).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EINVAL), "{error}");
}

#[test]
fn only_processes_with_dma_bufs_are_listed() {
    let root = Root::new();
    root.process(7, "with", &[(3, "/dmabuf:", BUFFER)]);
    root.process(8, "without", &[(3, "anon_inode:[vfio-device]", DEVICE)]);
    root.process(9, "also", &[(3, "/dmabuf:", BUFFER), (4, "/dmabuf:", BUFFER)]);
    fs::create_dir(root.0.path().join("proc/self")).unwrap();
    fs::create_dir(root.0.path().join("proc/11")).unwrap();
    let (found, unreadable) = root.processes().all().unwrap();
    let found: Vec<_> = found.iter().map(|it| (it.pid, it.buffers.len())).collect();
    assert_eq!((found, unreadable), (vec![(7, 1), (9, 2)], 0));
}

#[test]
fn what_is_not_there_is_an_error_with_its_path() {
    let root = Root::new();
    let error = root.processes().process(1).unwrap_err();
    assert!(error.to_string().contains("proc/1: No such file"), "{error}");
    assert!(root.processes().attachments().unwrap_err().to_string().contains("bufinfo"));
}

#[test]
fn this_process_holds_what_it_holds() {
    let process = Processes::default().process(std::process::id()).unwrap();
    assert_eq!(process.buffers, []);
    Processes::default().all().unwrap();
}

/// The way to another process's descriptors is taken in truth: what is copied is no VFIO device.
#[test]
fn asking_goes_through_copies_of_the_descriptors() {
    let file = fs::File::open("/dev/null").unwrap();
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&file);
    let buffer = BufferView {
        descriptor,
        inode: None,
        size: None,
        references: None,
        exporter: None,
        name: None,
    };
    let device = DeviceView { descriptor, address: None };
    let mut process = ProcessView {
        pid: std::process::id(),
        name: "me".into(),
        buffers: vec![buffer.clone()],
        devices: Vec::new(),
    };
    assert_eq!(process.tags(&buffer, &process).unwrap_err().errno(), Some(Errno::ENOTTY));
    process.devices.push(device);
    assert_eq!(process.tags(&buffer, &process).unwrap_err().errno(), Some(Errno::ENOTTY));
    let closed = BufferView { descriptor: 9999, ..buffer };
    let error = process.tags(&closed, &process).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EBADF), "{error}");
}
