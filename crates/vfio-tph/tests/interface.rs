//! Which interface is served is found out from the answers.

mod common;

use vfio_tph::{Advice, Errno, Interface, TphDevice, Transport};

/// Answers `GET_CAP`, and everything else.
struct Answers(Result<(), Errno>, Result<(), Errno>);

impl Transport for Answers {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let operation = tph_abi::layout::op::OP.read(request, 0).unwrap();
        match tph_abi::Operation::from_number(operation) {
            Some(tph_abi::Operation::GetCap) => self.0,
            _ => self.1,
        }
    }
}

fn found(capability: Result<(), Errno>, others: Result<(), Errno>) -> Result<Interface, Errno> {
    let mut tph = TphDevice::new(Answers(capability, others), "dev");
    tph.interface().map_err(|error| error.errno().unwrap())
}

#[test]
fn each_answer_tells_which_interface_it_is() {
    let cases = [
        // A driver without TPH: plain vfio-pci, or no VFIO device at all.
        (Err(Errno::ENOTTY), Err(Errno::ENOTTY), Ok(Interface::None)),
        // The number is known, its layout is not.
        (Err(Errno::EINVAL), Err(Errno::EINVAL), Ok(Interface::Unknown)),
        // Our own operation is unknown to the kernel series, with TPH in the device and without.
        (Ok(()), Err(Errno::EINVAL), Ok(Interface::Series)),
        (Err(Errno::EOPNOTSUPP), Err(Errno::EINVAL), Ok(Interface::Series)),
        // Ours says what is wrong with the descriptor, or that there are no dma-bufs (6.12).
        (Ok(()), Err(Errno::EBADF), Ok(Interface::Module)),
        (Ok(()), Err(Errno::ENOTTY), Ok(Interface::Module)),
        (Err(Errno::EOPNOTSUPP), Err(Errno::EBADF), Ok(Interface::Module)),
        // The device does not answer: that says nothing about the driver.
        (Err(Errno::ENODEV), Err(Errno::ENODEV), Err(Errno::ENODEV)),
        (Err(Errno::EIO), Err(Errno::EIO), Err(Errno::EIO)),
        (Err(Errno::EFAULT), Err(Errno::EFAULT), Err(Errno::EFAULT)),
    ];
    for (capability, others, expected) in cases {
        assert_eq!(found(capability, others), expected, "{capability:?} {others:?}");
    }
}

#[test]
fn every_emulated_device_serves_all_of_it_whatever_its_capability() {
    for profile in
        ["only-volatile-16", "no-capability", "too-many-entries", "no-table", "integrated"]
    {
        let device = common::open(profile);
        let mut tph = TphDevice::new(&device, "dev");
        assert_eq!(tph.interface().unwrap(), Interface::Module, "{profile}");
    }
}

#[test]
fn a_file_that_is_no_device_serves_none() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let interface = TphDevice::adopt(&file, "dev").interface().unwrap();
    assert_eq!(interface, Interface::None);
    let advice = interface.advice("dev").unwrap();
    assert_eq!(advice, Advice::BindModule { device: "dev".into() });
    assert!(advice.to_string().contains("modprobe vfio_pci_tph"), "{advice}");
    assert_eq!(Interface::Unknown.advice("dev"), Some(Advice::UpdateLibrary));
    assert_eq!(Interface::Module.advice("dev"), None);
    assert_eq!(Interface::Series.advice("dev"), None);
}
