//! Those who use the device.

use std::process::{Command, Stdio};

use tph_lab_guest::{Child, Tph};

use super::rig::{as_planned, command, end, expect_tags, kinds, plan};
use super::{Look, Outcome, Test};
use crate::check::same;

pub(super) const TESTS: &[(&str, &str, Test)] =
    &[("nic0", "a_process_that_ends_is_said_and_the_table_repaired_on", ended)];

/// Its threads are pinned nowhere, which is a drift until it ends.
fn ended(look: &mut Look<'_>) -> Outcome {
    plan(look, &[])?;
    let process = Child::start(&["sleep"], Stdio::null())?;
    let id = process.id();
    let mut command: Command = command(&["--pid", &id.to_string()]);
    let mut tph = Tph::start(&mut command)?;
    tph.until("applied", |_| true)?;
    let said = tph.until("compared", |_| true)?;
    same(&format!("{said}"), kinds(&said), vec!["no-thread", "no-thread"])?;
    process.kill()?;
    let said = tph.until("process-ended", |_| true)?;
    same("process", said["process"].as_u64(), Some(id.into()))?;
    tph.until("compared", as_planned)?;
    expect_tags(look, &tph)?;
    end(look, tph)
}
