//! The command killed before each of its steps ([`tph_lab_guest::traced`]): the kernel cleans up, `verify` tells
//! the truth, and what is run next finishes.

mod bind;
mod file;
mod hold;

use std::env;

use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::traced::{self, End, Moment};
use tph_lab_guest::{Control, Endpoint, Failure, Suite};
use tph_lab_wire::variables;

use crate::life::watch::Watch as Look;

type Outcome = Result<(), Failure>;
type Test = fn(&mut Look<'_>) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    // Tracing makes a slow guest slower: this takes minutes.
    let Some(nic) = Endpoint::named("nic0").filter(|_| suite.is_named("killed")) else { return };
    let tests = hold::TESTS.iter().chain(bind::TESTS).chain(file::TESTS);
    for (name, test) in tests {
        suite.test(&format!("killed::{name}"), || {
            let mut look = Look::new(&nic, control)?;
            let outcome = test(&mut look);
            rebind(nic.address, OURS)?;
            outcome.and_then(|()| look.expect_clean())
        });
    }
}

/// From one step that is looked at to the next: every one is looked at with a number of rounds
/// (`--rounds`) only.
fn stride(usual: usize) -> usize {
    if env::var_os(variables::ROUNDS).is_some() { 1 } else { usual }
}

/// Runs `tph` again and again, each time killed a step later, until it is done before. The first step is that
/// after it has written `lines` times. `after` looks at what is left each time. `said` is as for [`traced::run`].
fn at_each_step(
    words: &[&str],
    (lines, stride): (usize, usize),
    mut said: impl FnMut(u32, usize) -> Outcome,
    mut after: impl FnMut() -> Outcome,
) -> Result<usize, Failure> {
    for steps in (0..).step_by(stride) {
        let call = match traced::run(words, Moment { lines, steps }, &mut said)? {
            End::Killed(call) => call,
            End::Done(0) => {
                after().map_err(|why| format!("after all {steps}: {why}"))?;
                println!("killed: {} {steps} steps or fewer", words.join(" "));
                return Ok(steps);
            }
            End::Done(code) => {
                return Err(format!("after {steps} steps it exits with {code}").into());
            }
        };
        after().map_err(|why| format!("killed before step {steps}, {call}: {why}"))?;
    }
    Err("it does not end".into())
}
