//! What threads share, in the orders that threads can come in.
//!
//! Files of the libraries are taken in as they are; their `crate::sync` is [shuttle]'s here, which runs
//! a test again and again and decides at each lock which thread goes on. A deadlock or a failed
//! assertion in any of these runs fails the test. Each model also has a fault planted in it, which
//! must be found: so a model that looks at nothing would be noticed.
//!
//! [shuttle]: https://docs.rs/shuttle

#![cfg(test)]

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

#[path = "../../../crates/tph-emu/src/vfio_user/clients.rs"]
mod clients;
mod server;
#[allow(dead_code, unreachable_pub, reason = "what the library has in public, and no model calls")]
#[path = "../../../crates/vfio-tph/src/tag_table.rs"]
mod tag_table;
mod tags;

/// In place of the standard library's.
mod sync {
    pub(crate) use shuttle::sync::{Arc, Mutex, MutexGuard, PoisonError};
}

/// How many orders are tried where there are too many for all.
const ORDERS: usize = 4_000;

/// Runs `model` in every order; how many there are. It has to be small: too many are a failure.
fn every_order(model: impl Fn() + Send + Sync + 'static) -> usize {
    const MOST: usize = 20_000;
    let scheduler = DfsScheduler::new(Some(MOST), false);
    let tried = Runner::new(scheduler, Config::default()).run(model);
    assert!(tried < MOST, "more orders than {MOST}");
    println!("all {tried} orders");
    tried
}

/// Runs `model` in [`ORDERS`] orders, the same in each test: half of them at random, half with few
/// changes of threads at random places (PCT).
fn many_orders(model: impl Fn() + Send + Sync + Clone + 'static) {
    const SEED: u64 = 6;
    const CHANGES: usize = 3;
    let random = RandomScheduler::new_from_seed(SEED, ORDERS / 2);
    Runner::new(random, Config::default()).run(model.clone());
    let few = PctScheduler::new_from_seed(SEED, CHANGES, ORDERS / 2);
    Runner::new(few, Config::default()).run(model);
}
