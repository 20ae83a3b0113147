//! `tph bind` and `tph unbind`: the next one finishes, and nothing is forgotten.

use std::fs;
use std::path::Path;

use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::tph::answer;
use vfio_tph::Host;

use super::{Look, Outcome, Test, at_each_step, stride};
use crate::check::same;

pub(super) const TESTS: &[(&str, Test)] = &[
    ("bind_at_each_step_is_finished_by_bind", |look| both(look, "bind", "bind")),
    ("bind_at_each_step_is_undone_by_unbind", |look| both(look, "bind", "unbind")),
    ("unbind_at_each_step_is_undone_by_bind", |look| both(look, "unbind", "bind")),
    ("unbind_at_each_step_is_finished_by_unbind", |look| both(look, "unbind", "unbind")),
];

const FORMER: &str = "vfio-pci";
const RECORDS: &str = "/run/vfio-tph";

fn both(look: &mut Look<'_>, first: &str, next: &str) -> Outcome {
    let address = look.address();
    let name = address.to_string();
    let driver = || Host::default().function(address).map(|function| function.driver);
    let choice = Host::default().folder(address).join("driver_override");
    let begin = || -> Outcome {
        rebind(address, FORMER)?;
        if first == "unbind" {
            same("bind", answer(&["bind", &name])?.0, 0)?;
        }
        Ok(())
    };
    begin()?;
    let after = || {
        let has = driver()?;
        let recorded = Path::new(RECORDS).join(&name).exists();
        let (code, said) = answer(&[next, &name])?;
        let wanted = if next == "bind" { OURS } else { FORMER };
        if next == "unbind" && has.as_deref() == Some(FORMER) && !recorded {
            // Nothing was begun, or all was done.
            same(&format!("{said}"), code, 1)?;
        } else {
            same(&format!("{said}"), code, 0)?;
        }
        same("driver", driver()?.as_deref(), Some(wanted))?;
        if next == "bind" {
            same("choice", fs::read_to_string(&choice)?.trim(), OURS)?;
            same("former", said["former_driver"].as_str(), Some(FORMER))?;
            same("unbind", answer(&["unbind", &name])?.0, 0)?;
        }
        same("driver at the end", driver()?.as_deref(), Some(FORMER))?;
        same("choice at the end", fs::read_to_string(&choice)?.trim(), FORMER)?;
        same("record", Path::new(RECORDS).join(&name).exists(), false)?;
        begin()
    };
    let steps = at_each_step(&[first, &name], (0, stride(2)), |_, _| Ok(()), after)?;
    same(&format!("that {steps} steps are some"), steps >= 4, true)
}
