//! The udev rule, with udev at work.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::{Endpoint, Failure, Suite, wait};
use vfio_tph::Host;

use crate::said;

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run(suite: &mut Suite, nic: &Endpoint) {
    suite.test("udev::a_device_that_was_bound_before_udev_came_is_the_groups", || is_ours(nic));
    suite.test("udev::members_of_the_group_may_open_it_and_others_may_not", || open(nic));
    suite.test("udev::a_device_that_is_bound_now_becomes_the_groups", || {
        let before = created(nic)?;
        rebind(nic.address, OURS)?;
        let new = || Ok(created(nic).is_ok_and(|now| now != before));
        wait::until("new file", LIMIT, new)?;
        is_ours(nic)
    });
    suite.test("udev::the_container_of_vfio_stays_everybodys", || {
        // The kernel makes it so: it gives nothing to who has no group.
        let mode = fs::metadata("/dev/vfio/vfio")?.mode() & 0o777;
        if mode == 0o666 { Ok(()) } else { Err(format!("/dev/vfio/vfio has mode {mode:o}").into()) }
    });
}

/// The file of the device's IOMMU group.
pub(crate) fn node(nic: &Endpoint) -> Result<String, Failure> {
    let group = Host::default().iommu_group(nic.address).ok_or("no IOMMU group")?;
    Ok(format!("/dev/vfio/{group}"))
}

fn created(nic: &Endpoint) -> Result<(i64, i64), Failure> {
    let known = fs::metadata(node(nic)?)?;
    Ok((known.ctime(), known.ctime_nsec()))
}

fn is_ours(nic: &Endpoint) -> Result<(), Failure> {
    let node = node(nic)?;
    let entry = said("getent group vfio")?;
    let group: u32 = entry.split(':').nth(2).ok_or("no group vfio")?.parse()?;
    wait::until(&format!("{node} of the group vfio with mode 660"), LIMIT, || {
        let known = fs::metadata(&node)?;
        Ok((known.uid(), known.gid(), known.mode() & 0o777) == (0, group, 0o660))
    })
}

fn open(nic: &Endpoint) -> Result<(), Failure> {
    let file = format!("of={}", node(nic)?);
    let write = |group: &str| {
        let who = format!("setpriv --reuid 65534 --regid {group} --clear-groups");
        said(&format!("{who} dd if=/dev/null {file} conv=notrunc"))
    };
    write("vfio")?;
    match write("nogroup") {
        Err(why) if why.to_string().contains("Permission denied") => Ok(()),
        other => Err(format!("others: {other:?}").into()),
    }
}
