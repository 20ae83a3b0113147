//! The tests of the packages in a guest that systemd runs: `cargo xtask package --boot`. systemd starts
//! this program; it reports each test, says how they ended, and powers off.

mod service;
mod udev;

use std::process::Command;

use rustix::system::{RebootCommand, reboot};
use tph_lab_guest::{Control, Endpoint, Failure, Suite};
use tph_lab_wire::Message;

fn main() -> Result<(), Failure> {
    let mut control = Control::open()?;
    let mut suite = Suite::new(Control::open()?, Vec::new());
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    udev::run(&mut suite, &nic);
    service::run(&mut suite, &nic, &mut control);
    let failed = suite.failed() > 0;
    if failed {
        // To the console, whose end the lab shows.
        print!("{}", said("journalctl --no-pager --lines 60")?);
    }
    control.send(&Message::Exit { exit: u8::from(failed) })?;
    rustix::fs::sync();
    reboot(RebootCommand::PowerOff)?;
    Ok(())
}

/// What a command prints. That it fails is an error.
fn said(command: &str) -> Result<String, Failure> {
    let mut words = command.split(' ');
    let output = Command::new(words.next().unwrap_or_default()).args(words).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{command}: {}: {why}", output.status).into())
}
