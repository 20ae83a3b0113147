//! What children do with the device.

use std::io::stdin;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tph_lab_guest::{Endpoint, Failure};
use vfio_tph::{StIndex, TphDevice, VfioFunction};

use super::Outcome;
use super::watch::{cpu, program_all};
use crate::check::errno;

/// The entries of the endpoints that are held.
const ENTRIES: u16 = 64;

/// Opens the device, programs it, says so, and stays: doing nothing, or in one batch after another until
/// one is refused.
pub(crate) fn hold(endpoint: &str, how: &str) -> Outcome {
    let endpoint = Endpoint::named(endpoint).ok_or("no such endpoint")?;
    let function = VfioFunction::open(endpoint.address)?;
    program_all(&function, ENTRIES)?;
    println!("holding");
    if how == "idle" {
        return stay();
    }
    loop {
        for first in 0..4 {
            let batch = (0..ENTRIES).map(|index| (StIndex(index), cpu(first)));
            if let Err(errno) = errno(function.tph().program(&batch.collect::<Vec<_>>())) {
                println!("refused: {errno}");
                return stay();
            }
        }
    }
}

/// Steers the device that it inherited.
pub(crate) fn inherit() -> Outcome {
    steer(stdin().as_fd())
}

/// Steers the device that it gets through a socket.
pub(crate) fn receive() -> Outcome {
    let mut room = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut messages = RecvAncillaryBuffer::new(&mut room);
    let mut byte = [0];
    let mut data = [rustix::io::IoSliceMut::new(&mut byte)];
    recvmsg(stdin(), &mut data, &mut messages, RecvFlags::CMSG_CLOEXEC)?;
    let files = messages.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    let device: OwnedFd = files.ok_or("no file came")?;
    steer(device.as_fd())
}

fn steer(device: impl AsFd) -> Result<(), Failure> {
    TphDevice::adopt(device.as_fd(), "device").program(&[(StIndex(0), cpu(3))])?;
    println!("steered");
    stay()
}

fn stay() -> Outcome {
    loop {
        thread::park();
    }
}
