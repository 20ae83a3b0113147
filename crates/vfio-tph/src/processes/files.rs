//! The descriptors of one process.

use std::fs;
use std::path::Path;

use super::{BufferView, DeviceView, fail, text};
use crate::Error;

/// What the link of a dma-buf's descriptor starts with; a name may follow.
const DMA_BUF: &str = "/dmabuf:";
/// The link of a VFIO device that came out of a group, and the folder of those that did not.
const GROUP_DEVICE: &str = "anon_inode:[vfio-device]";
const DEVICE_FILES: &str = "/dev/vfio/devices/";

/// The dma-bufs and VFIO devices of the process whose folder this is.
pub(super) fn read(folder: &Path) -> Result<(Vec<BufferView>, Vec<DeviceView>), Error> {
    let links = folder.join("fd");
    let entries = fs::read_dir(&links).map_err(|source| fail(&links, source))?;
    let (mut buffers, mut devices) = (Vec::new(), Vec::new());
    for entry in entries {
        let entry = entry.map_err(|source| fail(&links, source))?;
        let number = entry.file_name().into_string().ok().and_then(|name| name.parse().ok());
        // A descriptor that was closed meanwhile is not there any more.
        let (Some(descriptor), Ok(link)) = (number, fs::read_link(entry.path())) else { continue };
        let link = link.to_string_lossy();
        let info = || Info::read(folder, descriptor);
        if link.starts_with(DMA_BUF) {
            buffers.push(info().buffer(descriptor));
        } else if link == GROUP_DEVICE || link.starts_with(DEVICE_FILES) {
            devices.push(info().device(descriptor));
        }
    }
    buffers.sort_unstable_by_key(|buffer| buffer.descriptor);
    devices.sort_unstable_by_key(|device| device.descriptor);
    Ok((buffers, devices))
}

/// What the kernel says of a descriptor.
struct Info(String);

impl Info {
    fn read(folder: &Path, descriptor: i32) -> Self {
        let path = folder.join("fdinfo").join(descriptor.to_string());
        Self(text(&path).unwrap_or_default())
    }

    fn text(&self, key: &str) -> Option<String> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.text(key)?.parse().ok()
    }

    fn buffer(&self, descriptor: i32) -> BufferView {
        BufferView {
            descriptor,
            inode: self.number("ino"),
            size: self.number("size"),
            references: self.number("count"),
            exporter: self.text("exp_name"),
            name: self.text("name"),
        }
    }

    fn device(&self, descriptor: i32) -> DeviceView {
        let path = self.text("vfio-device-syspath");
        let address = path.and_then(|path| path.rsplit('/').next()?.parse().ok());
        DeviceView { descriptor, address }
    }
}
