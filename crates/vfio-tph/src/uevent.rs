//! What the kernel says when devices and CPUs come and go.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use tph::Bdf;

use crate::Error;

/// The group of what the kernel says; udev repeats it in another.
const FROM_KERNEL: u32 = 1;
/// The kernel's own limit is 2 KiB of fields, and the place before them.
const LARGEST: usize = 8192;

/// Tells when devices and CPUs come and go: the kernel's uevents. Everybody may listen, but a
/// container may hear of none.
///
/// The file of it is readable when there is something to [`next`](Self::next).
///
/// ```no_run
/// use vfio_tph::Uevents;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let address = "0000:01:00.0".parse()?;
/// let mut events = Uevents::listen()?;
/// // Wait for the file to be readable (poll, epoll, an async runtime), then:
/// while let Some(event) = events.next()? {
///     if event.concerns(address) {
///         println!("look again: {event:?}");
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Uevents {
    socket: OwnedFd,
}

/// One uevent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Uevent {
    /// Something happened to a device or to a CPU.
    Change {
        /// What: `add`, `remove`, `bind`, `unbind`, `online`, `offline`, `change` and others.
        action: String,
        /// Its folder in sysfs, without `/sys`.
        place: String,
        /// What kind of thing it is: `pci`, `cpu` and many others.
        subsystem: String,
    },
    /// More happened than there was room to say.
    Lost,
}

impl Uevents {
    /// Listens from now on.
    ///
    /// # Errors
    /// [`Error::Uevents`].
    pub fn listen() -> Result<Self, Error> {
        let listen = || {
            let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = rustix::net::socket_with(family, kind, flags, Some(KOBJECT_UEVENT))?;
            rustix::net::bind(&socket, &SocketAddrNetlink::new(0, FROM_KERNEL))?;
            Ok(Self { socket })
        };
        listen().map_err(|source: rustix::io::Errno| Error::Uevents { source: source.into() })
    }

    /// The next that has come, `None` if there is none as yet.
    ///
    /// # Errors
    /// [`Error::Uevents`].
    #[expect(clippy::should_implement_trait, reason = "it fails, and it does not end")]
    pub fn next(&mut self) -> Result<Option<Uevent>, Error> {
        let mut bytes = [0; LARGEST];
        loop {
            let received = rustix::net::recvfrom(&self.socket, &mut bytes[..], RecvFlags::DONTWAIT);
            let (length, from) = match received {
                Ok((length, _, from)) => (length, from),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::NOBUFS) => return Ok(Some(Uevent::Lost)),
                Err(error) => {
                    return Err(Error::Uevents { source: io::Error::from(error) });
                }
            };
            // Root may send to the group too; the kernel is number 0.
            let kernel = from.and_then(|from| SocketAddrNetlink::try_from(from).ok());
            let message = bytes.get(..length).filter(|_| kernel.is_some_and(|it| it.pid() == 0));
            if let Some(event) = message.and_then(Uevent::parse) {
                return Ok(Some(event));
            }
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Uevent {
    /// Reads `ACTION@PLACE` and the fields behind it, each ended by a 0.
    fn parse(message: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(message).ok()?;
        let mut parts = text.split('\0');
        let (action, place) = parts.next()?.split_once('@')?;
        let subsystem = parts.find_map(|part| part.strip_prefix("SUBSYSTEM="))?;
        let (action, place, subsystem) = (action.into(), place.into(), subsystem.into());
        Some(Self::Change { action, place, subsystem })
    }

    /// Whether it is of a CPU, of the function at `address`, or unknown of what.
    pub fn concerns(&self, address: Bdf) -> bool {
        match self {
            Self::Lost => true,
            Self::Change { place, subsystem, .. } => match subsystem.as_str() {
                "cpu" => true,
                "pci" => place.rsplit('/').next() == Some(address.to_string().as_str()),
                _ => false,
            },
        }
    }
}

impl std::fmt::Display for Uevent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Change { action, place, .. } => {
                write!(f, "{action} of {}", place.rsplit('/').next().unwrap_or_default())
            }
            Self::Lost => f.write_str("more events than the kernel has kept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Uevent> {
        Uevent::parse(text.as_bytes())
    }

    #[test]
    fn an_event_says_what_happened_to_whom() {
        let address: Bdf = "0000:01:00.0".parse().unwrap();
        let place = "/devices/pci0000:00/0000:00:01.0/0000:01:00.0";
        let fields = "ACTION=unbind\0SUBSYSTEM=pci\0PCI_SLOT_NAME=0000:01:00.0\0SEQNUM=7\0";
        let event = read(&format!("unbind@{place}\0{fields}")).unwrap();
        assert!(event.concerns(address) && !event.concerns("1:0.1".parse().unwrap()));
        assert_eq!(event.to_string(), "unbind of 0000:01:00.0");
        let cpu = read("offline@/devices/system/cpu/cpu3\0SUBSYSTEM=cpu\0").unwrap();
        assert!(cpu.concerns(address));
        assert_eq!(cpu.to_string(), "offline of cpu3");
        let port = "add@/devices/pci0000:00/0000:00:01.0\0SUBSYSTEM=pci\0";
        assert!(!read(port).unwrap().concerns(address), "that is what it lies below");
        assert!(!read("add@/devices/usb1\0SUBSYSTEM=usb\0").unwrap().concerns(address));
        assert!(Uevent::Lost.concerns(address));
    }

    #[test]
    fn what_is_no_event_of_the_kernel_is_none() {
        for text in ["", "libudev\0\u{1}SUBSYSTEM=pci\0", "add@/x\0ACTION=add\0", "@"] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(Uevent::parse(&[0xff, b'@', 0]), None);
    }

    #[test]
    fn listening_needs_no_rights() {
        let mut events = Uevents::listen().unwrap();
        while events.next().unwrap().is_some() {}
    }
}
