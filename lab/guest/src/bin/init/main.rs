//! The guest's first process: mounts, loads modules, binds endpoints, runs one program, looks for leaks, powers off.
//! In a guest with a system of its own it becomes that system's first process instead of running a program.
//!
//! What to do is in the [`Plan`]; how it ended goes to the host over the control channel. Should
//! this process die, the kernel panics and the host sees that on the console.

mod bind;
mod error;
mod leaks;
mod modules;
mod mounts;
mod program;

use error::{Error, Result};
use rustix::system::{RebootCommand, reboot, uname};
use std::convert::Infallible;
use std::fs;
use tph_lab_guest::Control;
use tph_lab_wire::{Message, PLAN_PATH, Plan};

fn main() -> Result<Infallible, Box<dyn std::error::Error>> {
    mounts::all()?;
    let mut control = Control::open()?;
    let started = uname().release().to_string_lossy().into_owned();
    control.send(&Message::Started { started })?;
    let message = match work() {
        Ok(exit) => Message::Exit { exit },
        Err(error) => Message::Failed { failed: error.to_string() },
    };
    control.send(&message)?;
    rustix::fs::sync();
    reboot(RebootCommand::PowerOff)?;
    loop {
        std::thread::park();
    }
}

fn work() -> Result<u8> {
    let text = fs::read(PLAN_PATH).map_err(Error::file("read", PLAN_PATH))?;
    let plan: Plan = serde_json::from_slice(&text)?;
    for module in &plan.modules {
        modules::load(module)?;
    }
    let bound = bind::all(&plan)?;
    if plan.system {
        return Err(program::become_system(&plan, &bound));
    }
    let exit = program::run(&plan, &bound)?;
    leaks::print()?;
    Ok(exit)
}
