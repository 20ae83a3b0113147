//! Telling the person at the terminal how a boot went.

use std::time::Duration;
use tph_lab::run::{End, Outcome, Program};
use tph_lab::{Error, Lab, Request, TestReport};

/// Runs a program in a guest, tells each test as it ends, and at the end what went wrong.
pub(crate) fn run(lab: &Lab, request: &Request, program: &Program) -> Result<Outcome, Error> {
    let outcome = lab.run(request, program, test)?;
    trouble(&outcome, request.timeout);
    Ok(outcome)
}

/// One line for each test as it ends.
fn test(report: &TestReport) {
    let word = if report.ok { "ok" } else { "FAILED" };
    println!("test {} ... {word} ({} ms)", report.test, report.ms);
    if let Some(message) = &report.message {
        for line in message.lines() {
            println!("    {line}");
        }
    }
}

/// Says what went wrong, if anything did, and where to look.
fn trouble(outcome: &Outcome, timeout: Duration) {
    let seconds = outcome.took.as_secs_f32();
    match &outcome.end {
        End::Exit(_) if outcome.complaints.is_empty() => {
            eprintln!("lab: the guest ran for {seconds:.1} s");
            return;
        }
        End::Exit(_) => {}
        End::Failed(why) => eprintln!("error: the guest could not run the program: {why}"),
        End::NotBooted => {
            eprintln!("error: the guest's kernel did not come up in {seconds:.1} s");
        }
        End::Died => eprintln!("error: the guest died after {seconds:.1} s"),
        End::TimedOut => eprintln!(
            "error: the guest was ended after {seconds:.1} s: it hangs, or needs more than \
             --timeout {}",
            timeout.as_secs()
        ),
        End::Interrupted => eprintln!("error: interrupted after {seconds:.1} s"),
    }
    if !outcome.complaints.is_empty() {
        eprintln!("error: the guest's kernel complained:");
        outcome.complaints.iter().for_each(|line| eprintln!("    {line}"));
    }
    if outcome.end != End::Interrupted {
        eprintln!("the end of the guest's console:");
        outcome.tail.lines().for_each(|line| eprintln!("    {line}"));
    }
    eprintln!("the guest's console: {}", outcome.console.display());
}

/// The last line of `lab test`, and its exit code: a guest without a test is a failure.
pub(super) fn summary(guests: &[Outcome]) -> u8 {
    let tests = || guests.iter().flat_map(|guest| &guest.tests);
    let passed = tests().filter(|test| test.ok).count();
    let failed = tests().count() - passed;
    println!("{passed} passed, {failed} failed");
    let bad = guests.iter().map(Outcome::exit_code).find(|code| *code != 0);
    let idle = guests.is_empty() || guests.iter().any(|guest| guest.tests.is_empty());
    bad.unwrap_or(u8::from(failed > 0 || idle))
}
