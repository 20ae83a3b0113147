//! The VFIO device of another process: which of its descriptors it is, and a copy of that.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use tph::Bdf;

use super::{DeviceView, ProcessView};
use crate::{Error, sys};

impl ProcessView {
    /// The descriptor by which the process has the function at `address` open, and a copy of it. What is
    /// done through the copy is done to the device of that process. Where the kernel does not say which
    /// function a descriptor is (6.12), it is taken if the process has only one device, by one descriptor or
    /// several; then its [`address`](DeviceView::address) is `None`, and it may be another function.
    ///
    /// # Errors
    /// [`Error::Process`] if the process has no such device open, or the caller may not have it
    /// (`EPERM`; it takes what `ptrace` takes).
    pub fn device(&self, address: Bdf) -> Result<(&DeviceView, OwnedFd), Error> {
        let fail = |source| Error::Process { process: self.pid, source };
        let other = |reason: String| fail(io::Error::other(reason));
        let named = self.devices.iter().find(|device| device.address == Some(address));
        let found = named.or_else(|| self.without_address().next());
        let found = found.ok_or_else(|| other(format!("it does not have {address} open")))?;
        let file = copy(self.pid, found.descriptor).map_err(|errno| fail(errno.into()))?;
        // Who maps a BAR with this library has a second descriptor for the same device.
        let is_it = |device: &DeviceView| self.is_file(device, file.as_fd()) == Some(true);
        if named.is_none() && !self.without_address().all(is_it) {
            return Err(other(format!(
                "it has several VFIO devices open, and the kernel does not say which of them is {address}"
            )));
        }
        Ok((found, file))
    }

    /// Whether the process still has a device of which [`device`](Self::device) gave a copy, by whichever
    /// descriptor.
    pub fn still_has(&self, device: &DeviceView, copy: impl AsFd) -> bool {
        if device.address.is_some() {
            return self.devices.iter().any(|found| found.address == device.address);
        }
        // A kernel without CONFIG_KCMP cannot tell; then the number speaks for it.
        let is_it = |found: &DeviceView| {
            self.is_file(found, copy.as_fd()).unwrap_or(found.descriptor == device.descriptor)
        };
        self.without_address().any(is_it)
    }

    /// Those of which the kernel does not say which function they are.
    fn without_address(&self) -> impl Iterator<Item = &DeviceView> {
        self.devices.iter().filter(|device| device.address.is_none())
    }

    /// Whether a descriptor of the process is this file, if the kernel tells.
    fn is_file(&self, device: &DeviceView, file: BorrowedFd<'_>) -> Option<bool> {
        sys::is_same_file(self.pid, device.descriptor, file).ok()
    }
}

/// A copy of a descriptor of another process.
pub(super) fn copy(pid: u32, descriptor: i32) -> rustix::io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(rustix::io::Errno::SRCH)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    pidfd_getfd(process, descriptor, PidfdGetfdFlags::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    const NAMED: &str = "0000:01:00.0";
    const OTHER: &str = "0000:02:00.0";

    /// This process, as if these files were devices.
    fn process(devices: &[(&File, Option<&str>)]) -> ProcessView {
        let device = |(file, address): &(&File, Option<&str>)| DeviceView {
            descriptor: file.as_raw_fd(),
            address: address.map(|address| address.parse().unwrap()),
        };
        let devices = devices.iter().map(device).collect();
        ProcessView { pid: std::process::id(), name: "driver".into(), buffers: Vec::new(), devices }
    }

    fn files() -> [File; 2] {
        [(); 2].map(|()| File::open("/dev/null").unwrap())
    }

    #[test]
    fn a_device_is_found_by_its_address_or_as_the_only_one_without() {
        let [one, two] = files();
        let again = sys::duplicate(&one).unwrap();
        let found = |devices: &[_]| {
            let process = process(devices);
            let found = process.device(NAMED.parse().unwrap());
            found.map(|(found, _)| found.descriptor).map_err(|error| error.to_string())
        };
        assert_eq!(found(&[(&one, Some(OTHER)), (&two, Some(NAMED))]), Ok(two.as_raw_fd()));
        assert_eq!(found(&[(&two, None), (&one, Some(NAMED))]), Ok(one.as_raw_fd()));
        assert_eq!(found(&[(&one, None)]), Ok(one.as_raw_fd()));
        assert_eq!(found(&[(&one, None), (&again, None)]), Ok(one.as_raw_fd()), "one device");
        let several = found(&[(&one, None), (&two, None)]).unwrap_err();
        assert!(several.contains("several VFIO devices"), "{several}");
        for none in [&[(&one, Some(OTHER))][..], &[]] {
            let none = found(none).unwrap_err();
            assert!(none.ends_with(": it does not have 0000:01:00.0 open"), "{none}");
        }
    }

    #[test]
    fn a_device_that_was_closed_is_no_longer_had() {
        let [one, two] = files();
        let again = sys::duplicate(&one).unwrap();
        let before = |address| process(&[(&one, address)]).devices[0].clone();
        let [told, untold] = [before(Some(NAMED)), before(None)];
        for (now, expected) in [
            (&[(&one, Some(NAMED))][..], [true, false]),
            (&[(&two, Some(NAMED))], [true, false]),
            (&[(&one, Some(OTHER))], [false, false]),
            (&[(&two, None), (&one, None)], [false, true]),
            (&[(&again, None)], [false, true]),
            (&[(&two, None)], [false, false]),
            (&[], [false, false]),
        ] {
            let now = process(now);
            let had = [&told, &untold].map(|device| now.still_has(device, &one));
            assert_eq!(had, expected, "{:?}", now.devices);
        }
    }
}
