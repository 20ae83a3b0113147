//! The module under fire: threads send requests of every kind and quality to all devices, while others
//! reset, close, unbind and switch off what they use. Hardly an answer is judged here; the kernel's
//! log is, what the devices hold afterwards, and whether they still work.

mod caller;
mod counts;
mod disturber;
mod request;
mod site;
mod verdict;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use tph_lab_guest::raw::Room;
use tph_lab_guest::{Control, Failure, Suite};
use tph_lab_wire::variables;

use crate::differential::number;
use caller::Caller;
use counts::Counts;
use site::Site;

/// Calls in a usual run, and their seed; the time after which fewer are enough.
const CALLS: u64 = 20_000;
const SEED: u64 = 1;
const LIMIT: Duration = Duration::from_secs(12);
/// Threads that call. One more disturbs.
const CALLERS: u64 = 4;
/// Requests in a row, about buffers, and of those that leave the device alone: in a usual run, and in a
/// long one, which has time enough for all others.
const IN_A_ROW: u32 = 24;
const LONG_ROW: u32 = 200;
/// How often a long run says how far it is.
const NEWS: Duration = Duration::from_secs(60);

type Outcome = Result<(), Failure>;

/// What all threads see.
struct Fire {
    sites: Vec<Site>,
    /// For two kinds of requests: whoever uses it finds the others' bytes in it.
    shared_tph: Room,
    shared_irqs: Room,
    in_a_row: u32,
    calls: AtomicU64,
    over: AtomicBool,
}

impl Fire {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    suite.test("fire::requests_among_resets_closes_and_unbinds_break_nothing", || burn(control));
}

fn burn(control: &mut Control) -> Outcome {
    let seed = number(variables::SEED, SEED);
    let asked = number(variables::CALLS, 0);
    let long = Duration::from_secs(number(variables::SECONDS, u64::MAX));
    let (wanted, limit) = if asked > 0 { (asked, long) } else { (CALLS, LIMIT) };
    let sites: Vec<_> = crate::differential::known().into_iter().map(Site::new).collect();
    let fire = Fire {
        sites,
        shared_tph: Room::new()?,
        shared_irqs: Room::new()?,
        in_a_row: if asked > 0 { LONG_ROW } else { IN_A_ROW },
        calls: AtomicU64::new(0),
        over: AtomicBool::new(false),
    };
    let fire = &fire;
    let memory = verdict::kernel_memory()?;
    let began = Instant::now();
    let (counts, disturbances) = thread::scope(|scope| -> Result<_, Failure> {
        let callers: Vec<_> = (0..CALLERS)
            .map(|thread| scope.spawn(move || Caller::new(fire, seed, thread)?.run()))
            .collect();
        let disturber = scope.spawn(move || disturber::run(fire, seed));
        let mut news = NEWS;
        // Threads that ended have failed.
        while fire.calls.load(Ordering::Relaxed) < wanted
            && began.elapsed() < limit
            && !callers.iter().any(ScopedJoinHandle::is_finished)
            && !disturber.is_finished()
        {
            thread::sleep(Duration::from_millis(20));
            if began.elapsed() > news {
                let calls = fire.calls.load(Ordering::Relaxed);
                println!("fire: {calls} calls after {} s", began.elapsed().as_secs());
                news += NEWS;
            }
        }
        fire.over.store(true, Ordering::Relaxed);
        // First: without it the callers go on, and without a device they fail too.
        let disturbances = disturber.join().map_err(|_| "the disturber panicked")??;
        let mut counts = Counts::default();
        for caller in callers {
            counts.add(&caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok((counts, disturbances))
    })?;
    println!("fire: seed {seed}, {CALLERS} callers, {} s", began.elapsed().as_secs());
    println!("{counts}{disturbances}");
    verdict::clean(&fire.sites, control)?;
    verdict::works(&fire.sites)?;
    verdict::memory(memory)?;
    counts.expect_every_kind()
}
