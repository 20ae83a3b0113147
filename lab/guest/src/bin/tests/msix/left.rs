//! Nothing is left in the table for who comes next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tph_abi::Errno;
use tph_lab_guest::irq::{Interrupt, RAISE, set_irqs};
use tph_lab_guest::msix::{TABLE_BAR, control_dword};
use tph_lab_guest::raw::{Ioctl, Place, Room};
use tph_lab_guest::{Control, Endpoint};
use vfio_tph::{StMode, VfioFunction};

use super::{Outcome, USED, steered, tags, vector_events};
use crate::check::{errno, same};

pub(super) fn freed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let none = vec![0; USED.into()];
    steered(endpoint, control, StMode::InterruptVector, |function, table, _, steering| {
        function.disable_msix()?;
        same("tags of vectors that are freed", tags(table)?, none.clone())?;
        function.enable_msix(&vector_events()?)?;
        same("tags of new vectors", tags(table)?, none.clone())?;
        let mut tph = function.tph();
        same("ENABLE", errno(tph.enable(StMode::DeviceSpecific).map(drop)), Err(Errno::EBUSY))?;
        errno(tph.disable())?;
        let mut tph = tph.enable(StMode::DeviceSpecific)?;
        tph.program(&steering.batch())?;
        same("tags", tags(table)?, steering.bits())
    })
}

pub(super) fn closed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |_, _, _, _| Ok(()))?;
    let function = VfioFunction::open(endpoint.address)?;
    let table = function.map_bar(TABLE_BAR)?;
    same("tags after close", tags(&table)?, vec![0; USED.into()])?;
    function.enable_msix(&vector_events()?)?;
    same("tags of the next user's vectors", tags(&table)?, vec![0; USED.into()])
}

/// A user who writes tags into the table past the kernel.
pub(super) fn left(endpoint: &Endpoint, _: &mut Control) -> Outcome {
    const MASKED: u32 = 1;
    const TAG: u16 = 0x4242;
    let function = VfioFunction::open(endpoint.address)?;
    let table = function.map_bar(TABLE_BAR)?;
    for vector in 0..USED {
        table.write32(control_dword(vector), u32::from(TAG) << 16 | MASKED)?;
    }
    same("tags that the user left", tags(&table)?, vec![TAG; USED.into()])?;
    drop(table);
    drop(function);
    let function = VfioFunction::open(endpoint.address)?;
    function.enable_msix(&vector_events()?)?;
    let table = function.map_bar(TABLE_BAR)?;
    same("tags of the next user's vectors", tags(&table)?, vec![0; USED.into()])
}

/// A user who has the vectors freed by a request that says something else when it is first read.
pub(super) fn raced(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    /// Most that are tried until the kernel freed what the module did not see freed.
    const ROUNDS: u32 = 50;
    /// Where the count of a `VFIO_DEVICE_SET_IRQS` lies.
    const COUNT: u64 = 16;
    let (mut rounds, mut hit) = (0, false);
    while rounds < ROUNDS && !hit {
        rounds += 1;
        steered(endpoint, control, StMode::InterruptVector, |function, table, _, _| {
            let room = Room::new()?;
            let over = AtomicBool::new(false);
            let poked = thread::scope(|scope| {
                let poker = scope.spawn(|| {
                    let poked = [0_u8, 1]
                        .into_iter()
                        .cycle()
                        .take_while(|_| !over.load(Ordering::Relaxed))
                        .try_for_each(|count| room.poke(COUNT, &[count]));
                    over.store(true, Ordering::Relaxed);
                    poked
                });
                // With 1 it raises a vector; there is none any more once it was 0.
                let mut bytes = set_irqs(Interrupt::MsiX, RAISE, 0, 1);
                let mut raise = || room.call(function, Ioctl::SetIrqs, &mut bytes, Place::Whole);
                while !over.load(Ordering::Relaxed) {
                    if raise().is_err() {
                        break;
                    }
                }
                over.store(true, Ordering::Relaxed);
                poker.join()
            });
            poked.map_err(|_| "the thread that changes the request panicked")??;
            // A module that sees its vectors go takes the tags out before.
            hit = tags(table)?.iter().any(|tag| *tag != 0);
            Ok(())
        })?;
        let function = VfioFunction::open(endpoint.address)?;
        function.enable_msix(&vector_events()?)?;
        let table = function.map_bar(TABLE_BAR)?;
        same("tags of the next user's vectors", tags(&table)?, vec![0; USED.into()])?;
    }
    println!("msix: {rounds} rounds of the race, {} left tags in the table", u8::from(hit));
    Ok(())
}

pub(super) fn memory_off(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    const CONFIG: u32 = 7;
    const COMMAND: u64 = 4;
    let none = vec![0; USED.into()];
    steered(endpoint, control, StMode::InterruptVector, |function, _, _, steering| {
        let mut tph = function.tph();
        errno(tph.disable())?;
        let mut tph = tph.enable(StMode::InterruptVector)?;
        let mut command = [0; 2];
        function.read_region(CONFIG, COMMAND, &mut command)?;
        function.write_region(CONFIG, COMMAND, &[command[0] & !2, command[1]])?;
        same("SET_ST", errno(tph.program(&steering.batch())), Err(Errno::EIO))?;
        function.write_region(CONFIG, COMMAND, &command)?;
        function.reset()?;
        let table = function.map_bar(TABLE_BAR)?;
        same("tags", tags(&table)?, none)
    })
}
