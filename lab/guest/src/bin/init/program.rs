//! Running the program under test.

use crate::bind::Bound;
use crate::error::{Error, Result};
use rustix::termios::tcdrain;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use tph_lab_guest::control::open_raw;
use tph_lab_wire::{ENVIRONMENT_PATH, Plan, SYSTEM_INIT, variables};

/// The serial ports for the program's output and for questions to the host.
const OUTPUT: &str = "/dev/ttyS1";
const CONTROL: &str = "/dev/ttyS2";

/// Runs it to its end; its exit code, or 128 + N if signal N ended it.
pub(crate) fn run(plan: &Plan, endpoints: &[Bound]) -> Result<u8> {
    let output = open_raw(OUTPUT).map_err(Error::file("open", OUTPUT))?;
    let handle = || output.try_clone().map_err(Error::file("open", OUTPUT));
    let status = Command::new(&plan.program)
        .args(&plan.arguments)
        .env_clear()
        .env("PATH", "/bin:/sbin")
        .env("HOME", "/tmp")
        .env("RUST_BACKTRACE", "1")
        .envs(environment(endpoints))
        .envs(plan.environment.iter().cloned())
        .current_dir("/tmp")
        .stdin(Stdio::null())
        .stdout(handle()?)
        .stderr(handle()?)
        .status()
        .map_err(Error::file("run", &plan.program))?;
    tcdrain(&output).map_err(|errno| Error::file("flush", OUTPUT)(errno.into()))?;
    let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    Ok(u8::try_from(code).unwrap_or(255))
}

/// Hands over to a system of its own; why that did not work.
pub(crate) fn become_system(plan: &Plan, endpoints: &[Bound]) -> Error {
    let variables = environment(endpoints).into_iter().chain(plan.environment.iter().cloned());
    let lines: Vec<_> = variables.map(|(name, value)| format!("{name}={value}\n")).collect();
    if let Err(error) = fs::write(ENVIRONMENT_PATH, lines.concat()) {
        return Error::file("write", ENVIRONMENT_PATH)(error);
    }
    Error::file("run", SYSTEM_INIT)(Command::new(SYSTEM_INIT).env_clear().exec())
}

fn environment(endpoints: &[Bound]) -> Vec<(String, String)> {
    let list = |part: fn(&Bound) -> &str| endpoints.iter().map(part).collect::<Vec<_>>().join(",");
    let mut environment = vec![
        (variables::CONTROL.to_owned(), CONTROL.to_owned()),
        (variables::DEVICES.to_owned(), list(|endpoint| &endpoint.address)),
        (variables::GROUPS.to_owned(), list(|endpoint| &endpoint.group)),
        (variables::ENDPOINTS.to_owned(), list(|endpoint| &endpoint.name)),
    ];
    for (index, endpoint) in endpoints.iter().enumerate() {
        environment.push((variables::address(index), endpoint.address.clone()));
        environment.push((variables::group(index), endpoint.group.clone()));
        environment.push((variables::name(index), endpoint.name.clone()));
        environment.extend(endpoint.port.clone().map(|port| (variables::port(index), port)));
    }
    environment
}
