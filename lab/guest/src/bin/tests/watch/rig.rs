//! A plan, the command that watches it, and what the device sends.

use std::os::fd::AsFd;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use tph::{ConfigOffset, ConfigSpace};
use tph_emu::engine::Status;
use tph_emu::engine::registers::{BlockRegister, VECTOR_NONE, offset_of};
use tph_lab_guest::endpoint::Hint;
use tph_lab_guest::tph::{TPH, answer};
use tph_lab_guest::{Failure, Tph};
use vfio_tph::VfioConfig;

use super::{Look, Outcome};
use crate::check::same;

/// Where the plan is kept.
pub(crate) const PLAN: &str = "/tmp/plan.toml";
/// Which CPU polls queue 0, and which queue 1; queue *n* has entry *n*.
pub(crate) const CPUS: [u32; 2] = [3, 2];

/// Makes the plan, with what else the command is to be told.
pub(crate) fn plan(look: &Look<'_>, words: &[&str]) -> Outcome {
    let address = look.address().to_string();
    let [first, second] = CPUS;
    let queues = format!("0={first},1={second}");
    let all = [&["plan", &address, "--tied", "--queue", &queues, "-o", PLAN], words].concat();
    let (code, said) = answer(&all)?;
    same(&format!("{said}"), code, 0)
}

/// The command that watches the plan.
pub(super) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(TPH);
    command.args(["watch", PLAN]).args(words);
    command
}

/// Has the plan watched; it is on the device and as planned.
pub(super) fn watched(look: &Look<'_>) -> Result<Tph, Failure> {
    plan(look, &[])?;
    let mut tph = Tph::start(&mut command(&[]))?;
    tph.until("applied", |_| true)?;
    tph.until("compared", as_planned)?;
    Ok(tph)
}

/// Whether a comparison found nothing.
pub(super) fn as_planned(said: &Value) -> bool {
    said["as_planned"] == true
}

/// The kinds of what a comparison found.
pub(super) fn kinds(said: &Value) -> Vec<&str> {
    let drifts = said["drifts"].as_array().map_or(&[][..], Vec::as_slice);
    drifts.iter().filter_map(|drift| drift["kind"].as_str()).collect()
}

/// Asks it how things are, which must be as planned.
pub(super) fn ask(tph: &mut Tph) -> Outcome {
    tph.signal(Signal::HUP)?;
    let said = tph.until("compared", |said| said["cause"] == "SIGHUP")?;
    same(&format!("{said}"), as_planned(&said), true)
}

/// Each queue sends what the firmware calls its CPU.
pub(super) fn expect_tags(look: &mut Look<'_>, tph: &Tph) -> Outcome {
    let tags = look.tags()?;
    for (queue, wanted) in (0..).zip(CPUS) {
        let tag = tags.iter().find(|(cpu, _)| cpu.0 == wanted).ok_or("a CPU without a tag")?.1;
        let device = tph.device()?;
        let rows = look.sent(|| ring(&device, queue))?;
        let row = rows.iter().find(|row| row.queue == queue).ok_or("the queue sent nothing")?;
        let hint = Hint { tag, tag_bits: 16 };
        same(&format!("what queue {queue} sent"), row.only_hint(), Some(Some(hint)))?;
    }
    Ok(())
}

/// Rings a queue that takes its tag from the entry of its number, through the file of the device that
/// another process has open. No memory is mapped for it: the packet is sent and finds none.
fn ring(device: impl AsFd, queue: u16) -> Outcome {
    /// Memory Space and Bus Master Enable.
    const ON: u32 = 0b110;
    let command = ConfigOffset::new(4).ok_or("no Command register")?;
    let mut config = VfioConfig::new(device.as_fd()).map_err(|errno| format!("{errno}"))?;
    let before = config.read_config(command)? & 0xffff;
    config.write_config(command, before | ON)?;
    // vfio-pci has BAR 0 at the beginning of the file.
    let registers = [
        (BlockRegister::TargetLow, 0x1234_0000),
        (BlockRegister::TargetHigh, 0),
        (BlockRegister::Length, 64),
        (BlockRegister::Vector, VECTOR_NONE),
        (BlockRegister::Steering, queue.into()),
        (BlockRegister::Doorbell, 1),
    ];
    for (register, value) in registers {
        let bytes = u32::to_le_bytes(value);
        let at = offset_of(queue, register);
        same("bytes", rustix::io::pwrite(device.as_fd(), &bytes, at)?, bytes.len())?;
    }
    // Writes are posted; the answer comes after them.
    let mut status = [0; 4];
    rustix::io::pread(device.as_fd(), &mut status, offset_of(queue, BlockRegister::Status))?;
    same("status", u32::from_le_bytes(status), Status::Fault as u32)
}

/// Ends it as systemd does: it lets go of the device.
pub(super) fn end(look: &mut Look<'_>, tph: Tph) -> Outcome {
    let said = tph.end()?;
    let last = said.last().ok_or("it said nothing at its end")?;
    same(
        &format!("{last}"),
        (&last["event"], &last["cause"]),
        (&"released".into(), &"a signal".into()),
    )?;
    look.expect_clean()
}
