//! Nothing is looked at while nothing happens.

use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use tph_lab_guest::tph::TPH;
use tph_lab_guest::{Failure, Tph, wait};

use super::rig::{as_planned, ask, end, watched};
use super::{Look, Outcome, Test};
use crate::check::same;

pub(super) const TESTS: &[(&str, &str, Test)] = &[("nic0", "who_watches_sleeps", asleep)];

/// Who has slept so long is done with what comes with its beginning.
const SETTLED: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(3);

/// How often it went to sleep again, after it was awake, while nothing happened.
fn awake(tph: &Tph) -> Result<u64, Failure> {
    let before = tph.sleeps()?;
    thread::sleep(QUIET);
    Ok(tph.sleeps()? - before)
}

fn settled(tph: &Tph) -> Result<bool, Failure> {
    let before = tph.sleeps()?;
    thread::sleep(SETTLED);
    Ok(tph.sleeps()? == before)
}

fn asleep(look: &mut Look<'_>) -> Outcome {
    let mut tph = watched(look)?;
    wait::until("second of sleep", LIMIT, || settled(&tph))?;
    same("how often it was awake", awake(&tph)?, 0)?;
    let before = tph.sleeps()?;
    ask(&mut tph)?;
    wait::until("sign that it woke", LIMIT, || Ok(tph.sleeps()? > before))?;
    tph.signal(Signal::HUP)?;
    tph.until("compared", as_planned)?;
    end(look, tph)?;
    // `hold` looks each second whether its CPUs are online: the same look must see that.
    let address = look.address().to_string();
    let mut hold = Command::new(TPH);
    hold.args(["hold", &address, "--mode", "device-specific", "--map", "0=3"]);
    let mut hold = Tph::start(&mut hold)?;
    hold.until("held", |_| true)?;
    thread::sleep(SETTLED);
    let looks = awake(&hold)?;
    same(&format!("that {looks} looks are seen"), looks >= 2, true)?;
    hold.end()?;
    look.expect_clean()
}
