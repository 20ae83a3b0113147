//! The tests that run in the guest: the module in its kernel, the endpoints outside of it.

mod bench;
mod binding;
mod c_library;
mod cache;
mod check;
mod concurrency;
mod conformance;
mod differential;
mod dma_buf;
mod exports;
mod faults;
mod fire;
mod first_driver;
mod in_tree;
mod interface;
mod killed;
mod life;
mod msix;
mod no_reset;
mod notph;
mod other_tables;
mod overhead;
mod permission;
mod plan;
mod roles;
mod steering;
mod stock;
mod sysfs;
mod uids;
mod watch;

use std::process::ExitCode;

use tph_lab_guest::{Control, Suite, child};

fn main() -> ExitCode {
    if let Some(words) = child::role() {
        return roles::play(&words);
    }
    let control = || Control::open().expect("the lab's host is there");
    let mut suite = Suite::new(control(), std::env::args().skip(1).collect());
    conformance::run(&mut suite, &mut control());
    steering::run(&mut suite, &mut control());
    interface::run(&mut suite, &mut control());
    other_tables::run(&mut suite, &mut control());
    no_reset::run(&mut suite, &mut control());
    msix::run(&mut suite, &mut control());
    permission::run(&mut suite, &mut control());
    life::run(&mut suite, &mut control());
    binding::run(&mut suite);
    plan::run(&mut suite);
    watch::run(&mut suite, &mut control());
    killed::run(&mut suite, &mut control());
    bench::run(&mut suite, &mut control());
    c_library::run(&mut suite, &mut control());
    first_driver::run(&mut suite, &mut control());
    concurrency::run(&mut suite, &mut control());
    cache::run(&mut suite, &mut control());
    exports::run(&mut suite, &mut control());
    sysfs::run(&mut suite, &mut control());
    dma_buf::run(&mut suite);
    stock::run(&mut suite);
    in_tree::run(&mut suite, &mut control());
    uids::run(&mut suite, &mut control());
    overhead::run(&mut suite);
    notph::run(&mut suite, &mut control());
    differential::run(&mut suite);
    faults::run(&mut suite, &mut control());
    fire::run(&mut suite, &mut control());
    // Last: Linux 7.3's own handling of a removal makes lockdep report, and lockdep ends with that.
    life::removals(&mut suite, &mut control());
    watch::removals(&mut suite, &mut control());
    if suite.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
