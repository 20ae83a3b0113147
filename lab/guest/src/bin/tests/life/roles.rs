//! What children do with the device.

use std::io::stdin;
use std::os::fd::AsFd;
use std::thread;

use tph_lab_guest::{Endpoint, Failure, child};
use vfio_tph::{StIndex, TphDevice, VfioFunction};

use super::Outcome;
use super::watch::{cpu, program_all};
use crate::check::errno;

/// The entries of the endpoints that are held.
const ENTRIES: u16 = tph::MAX_CAPABILITY_ENTRIES;

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
    steer(child::receive_file()?.as_fd())
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
