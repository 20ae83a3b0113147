//! The unit `tph-watch@`, with systemd at work. What the device has is asked of the host.

use std::time::Duration;

use tph::{ConfigOffset, MemoryType, RequesterType, TphCapability};
use tph_lab_guest::endpoint::tags;
use tph_lab_guest::{ConfigFile, Control, Endpoint, Failure, Suite, wait};

use crate::said;

const UNIT: &str = "tph-watch@nic0";
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run(suite: &mut Suite, nic: &Endpoint, control: &mut Control) {
    type Test = fn(&Endpoint, &mut Control) -> Result<(), Failure>;
    let tests: [(&str, Test); 5] = [
        ("without_a_plan_it_does_not_start", without_a_plan),
        ("it_puts_the_plan_on_the_device", start),
        ("a_reload_compares_and_the_plan_stays", reload),
        ("it_is_started_again_when_it_was_killed", kill),
        ("it_stops_and_leaves_nothing_on_the_device", stop),
    ];
    for (name, test) in tests {
        suite.test(&format!("service::{name}"), || test(nic, control));
    }
}

fn show(property: &str) -> Result<String, Failure> {
    said(&format!("systemctl show --value --property {property} {UNIT}"))
}

fn is(property: &str, expected: &str) -> Result<(), Failure> {
    let found = show(property)?;
    if found == expected { Ok(()) } else { Err(format!("{property} is {found}").into()) }
}

/// The control register, and the dwords of the ST table behind it.
fn registers(nic: &Endpoint, control: &mut Control) -> Result<Vec<u32>, Failure> {
    let capability = TphCapability::find(&mut ConfigFile::open(nic.address)?)?;
    let capability = capability.ok_or("no TPH capability")?;
    let at: ConfigOffset = capability.control().ok_or("no control register")?;
    let dwords = 1 + capability.table_entries().div_ceil(2);
    Ok(control.registers(&nic.name, at.get(), dwords)?)
}

/// Waits until TPH is on and the first entries hold the tags of the CPUs, in order.
fn has_plan(nic: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let tags = tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
    let tags: Vec<u16> = tags.iter().map(|(_, tag)| tag.entry_bits()).collect();
    wait::until("plan on the device", LIMIT, || {
        let found = registers(nic, control)?;
        let (register, table) = found.split_first().ok_or("no registers")?;
        let halves = |dword: &u32| [(dword & 0xffff) as u16, (dword >> 16) as u16];
        let held: Vec<u16> = table.iter().flat_map(halves).collect();
        Ok(*register != 0
            && held.starts_with(&tags)
            && held[tags.len()..].iter().all(|tag| *tag == 0))
    })
}

fn without_a_plan(_: &Endpoint, _: &mut Control) -> Result<(), Failure> {
    said(&format!("systemctl start {UNIT}"))?;
    is("ActiveState", "inactive")?;
    is("ConditionResult", "no")
}

fn start(nic: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let place = "--queues 0-7 --cpus 0-3 -o /etc/vfio-tph/nic0.toml";
    said(&format!("tph plan {} {place}", nic.address))?;
    said(&format!("systemctl enable --now {UNIT}"))?;
    has_plan(nic, control)?;
    is("ActiveState", "active")
}

fn reload(nic: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let process = show("MainPID")?;
    said(&format!("systemctl reload {UNIT}"))?;
    wait::until("word of a comparison", LIMIT, || {
        Ok(said(&format!("journalctl --no-pager --unit {UNIT}"))?.contains("after SIGHUP"))
    })?;
    has_plan(nic, control)?;
    is("MainPID", &process)
}

fn kill(nic: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let process = show("MainPID")?;
    said(&format!("systemctl kill --signal KILL {UNIT}"))?;
    wait::until("another process", LIMIT, || {
        let now = show("MainPID")?;
        Ok(now != process && now != "0")
    })?;
    has_plan(nic, control)?;
    is("NRestarts", "1")
}

fn stop(nic: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    said(&format!("systemctl disable --now {UNIT}"))?;
    is("ActiveState", "inactive")?;
    is("Result", "success")?;
    let left = registers(nic, control)?.into_iter().filter(|dword| *dword != 0).count();
    if left == 0 { Ok(()) } else { Err(format!("{left} registers are not 0").into()) }
}
