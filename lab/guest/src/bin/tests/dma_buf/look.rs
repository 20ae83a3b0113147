//! What can be seen of a process's dma-bufs from outside.

use std::os::fd::{AsFd, AsRawFd};

use tph::{SteeringTag, Tag8, Tag16};
use tph_lab_guest::Endpoint;
use vfio_tph::Processes;

use super::{Outcome, tagged};
use crate::check::same;

pub(super) const TESTS: &[(&str, super::Test)] =
    &[("the_dma_bufs_of_a_process_are_seen_with_device_and_tags", seen)];

fn seen(accelerator: &Endpoint) -> Outcome {
    let (function, buffer) = tagged(accelerator)?;
    let process = Processes::default().process(std::process::id())?;
    let descriptor = buffer.as_fd().as_raw_fd();
    let found = process.buffers.iter().find(|found| found.descriptor == descriptor);
    let found = found.ok_or_else(|| format!("no dma-buf {descriptor} in {process:?}"))?;
    same("exporter", (found.is_from_vfio(), found.size), (true, Some(4096)))?;
    same("inode", found.inode.is_some_and(|inode| inode != 0), true)?;
    let devices: Vec<_> = process.devices.iter().map(|device| device.address).collect();
    same("device", devices, vec![Some(accelerator.address)])?;
    let tags = process.tags(found, &process)?;
    let expected = [SteeringTag::Standard(Tag8(0xa5)), SteeringTag::Extended(Tag16(0xbea5))];
    same("tags", (tags.tags.as_slice(), tags.hint), (&expected[..], Some(super::TAGGED.hint)))?;
    drop(function);
    Ok(())
}
