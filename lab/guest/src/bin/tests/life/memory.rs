//! The user turns the device's memory off (Memory Space Enable). A table in configuration space does
//! not mind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tph_abi::{Errno, Operation};
use tph_lab_guest::raw::{self, Ioctl};
use vfio_tph::{Error, StIndex, VfioFunction};

use super::watch::{Watch, cpu};
use super::{Outcome, Test};

pub(super) const TESTS: &[(&str, Test)] = &[
    ("without_memory_accesses_the_table_can_be_programmed", off),
    ("memory_that_goes_off_and_on_during_requests_changes_nothing", off_and_on),
];

const CONFIG: u32 = 7;
const COMMAND: u64 = 4;
const MEMORY: u8 = 1 << 1;
/// Requests while memory goes off and on.
const REQUESTS: u16 = 60;

/// Turns memory on or off, as the user.
pub(super) fn set_memory(function: &VfioFunction, on: bool) -> Result<(), Error> {
    let mut command = [0; 2];
    function.read_region(CONFIG, COMMAND, &mut command)?;
    command[0] = if on { command[0] | MEMORY } else { command[0] & !MEMORY };
    function.write_region(CONFIG, COMMAND, &command)
}

fn off(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let tags = watch.tags()?;
    set_memory(&function, false)?;
    let mut expected = watch.held()?;
    function.tph().program(&[(StIndex(0), cpu(3)), (StIndex(1), cpu(2))])?;
    expected[1] = u32::from(tags[2].1) << 16 | u32::from(tags[3].1);
    watch.expect("with memory off", &expected)?;
    set_memory(&function, true)?;
    watch.expect("with memory on again", &expected)?;
    let mut get_cap = [16_u32, Operation::GetCap as u32, 0, 0].map(u32::to_le_bytes).concat();
    let (outcome, _) = raw::call(&function, Ioctl::PciTph, &mut get_cap);
    outcome.map(drop).map_err(|errno| format!("GET_CAP: {}", Errno(errno)).into())
}

fn off_and_on(watch: &mut Watch<'_>) -> Outcome {
    let function = watch.programmed()?;
    let tags = watch.tags()?;
    let mut expected = watch.held()?;
    let is_over = AtomicBool::new(false);
    let (requests, switches) = thread::scope(|scope| {
        let switch = scope.spawn(|| {
            let mut switches = 0;
            while !is_over.load(Ordering::Relaxed) {
                set_memory(&function, false)?;
                set_memory(&function, true)?;
                switches += 1;
            }
            Ok::<_, Error>(switches)
        });
        let entries = 2 * (u16::try_from(expected.len()).unwrap_or(1) - 1);
        let requests = (0..REQUESTS).try_for_each(|request| {
            let batch = (0..entries).map(|index| (StIndex(index), cpu(u32::from(request) % 4)));
            function.tph().program(&batch.collect::<Vec<_>>())
        });
        is_over.store(true, Ordering::Relaxed);
        (requests, switch.join())
    });
    requests?;
    if switches.map_err(|_| "the switch panicked")?? == 0_u32 {
        return Err("memory never went off".into());
    }
    let last = u32::from(tags[usize::from(REQUESTS - 1) % 4].1);
    expected[1..].fill(last << 16 | last);
    watch.expect("after all requests", &expected)
}
