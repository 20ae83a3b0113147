//! The ST table in the MSI-X table: tags lie beside the mask bits of the vectors, which the kernel
//! writes for reasons of its own. The table is read where a user can map it.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tph::{MemoryType, RequesterType, SteeringTag};
use tph_abi::Errno;
use tph_lab_guest::irq::{Interrupt, RAISE, give_event, set_irqs};
use tph_lab_guest::msix::{TABLE_BAR, control_dword};
use tph_lab_guest::raw::{Ioctl, Place, Room};
use tph_lab_guest::{Control, Endpoint, Failure, InTree, Nic, Suite, endpoint};
use vfio_tph::{Bar, CpuId, EventFd, StIndex, StMode, TagSource, VfioFunction};

use crate::check::{errno, same};

/// `msix_vectors` of the profile, the most there can be, and how many of them are set up.
const VECTORS: u16 = tph::MAX_MSIX_ENTRIES;
const USED: u16 = 8;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint, &mut Control) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let Some(endpoint) = Endpoint::named("vectors") else { return };
    let tests: [(&str, Test); 10] = [
        ("in_both_modes_a_tag_lies_beside_the_mask_of_its_vector", both_modes),
        ("only_vectors_that_are_set_up_take_tags", allocated),
        ("a_tag_stays_when_its_vector_is_masked_and_unmasked", masked),
        ("a_tag_stays_when_its_vector_moves_to_another_cpu", moved),
        ("a_tag_comes_back_after_a_reset", reset),
        ("tags_go_with_the_vectors_that_are_freed", freed),
        ("tags_go_with_the_user", closed),
        ("tags_that_lie_in_the_table_do_not_reach_the_next_user", left),
        ("tags_of_vectors_that_a_racing_user_freed_do_not_reach_the_next_one", raced),
        ("with_memory_off_tags_are_refused_and_nothing_is_left_behind", memory_off),
    ];
    for (name, test) in tests {
        suite.test(&format!("msix::{name}"), || test(&endpoint, control));
    }
    if InTree::exists() {
        let name = "msix::the_kernels_own_function_leaves_the_same_in_the_table";
        suite.test(name, || in_tree(&endpoint, control));
    }
}

/// Events for the vectors that are set up.
pub(crate) fn vector_events() -> Result<Vec<EventFd>, Failure> {
    Ok((0..USED).map(|_| EventFd::new(0)).collect::<Result<_, _>>()?)
}

/// The tags that the first vectors are to get.
struct Steering(Vec<(CpuId, SteeringTag)>);

impl Steering {
    fn ask(control: &mut Control) -> Result<Self, Failure> {
        let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
        Ok(Self(tags.into_iter().cycle().take(usize::from(USED)).collect()))
    }

    fn batch(&self) -> Vec<(StIndex, TagSource)> {
        let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
        (0..).map(StIndex).zip(self.0.iter().map(|(cpu, _)| source(*cpu))).collect()
    }

    fn bits(&self) -> Vec<u16> {
        self.0.iter().map(|(_, tag)| tag.entry_bits()).collect()
    }
}

/// The upper halves of the first vectors' control dwords.
pub(crate) fn tags(table: &Bar) -> Result<Vec<u16>, Failure> {
    let tag = |vector| table.read32(control_dword(vector)).map(|dword| (dword >> 16) as u16);
    Ok((0..USED).map(tag).collect::<Result<_, _>>()?)
}

fn masks(table: &Bar) -> Result<Vec<u16>, Failure> {
    let mask = |vector| table.read32(control_dword(vector)).map(|dword| (dword & 0xffff) as u16);
    Ok((0..USED).map(mask).collect::<Result<_, _>>()?)
}

/// Opens the device, sets up its vectors, enables `mode`, programs, and hands over to `test`.
fn steered(
    endpoint: &Endpoint,
    control: &mut Control,
    mode: StMode,
    test: impl FnOnce(&VfioFunction, &Bar, &[EventFd], &Steering) -> Outcome,
) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let events = vector_events()?;
    function.enable_msix(&events)?;
    let table = function.map_bar(TABLE_BAR)?;
    let steering = Steering::ask(control)?;
    let mut tph = function.tph();
    let mut enabled = tph.enable(mode)?;
    enabled.program(&steering.batch())?;
    // A user who dies leaves no guard that cleans up.
    std::mem::forget(enabled);
    same("tags", tags(&table)?, steering.bits())?;
    test(&function, &table, &events, &steering)
}

fn both_modes(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    for mode in [StMode::InterruptVector, StMode::DeviceSpecific] {
        steered(endpoint, control, mode, |_, table, _, _| {
            same("masks of vectors with an event", masks(table)?, vec![0; USED.into()])
        })?;
    }
    Ok(())
}

/// The kernel has TPH on for the device because our user has, and its vectors are set up.
fn in_tree(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, _, steering| {
        let functions = InTree::load()?;
        let ours = (tags(table)?, masks(table)?);
        let clear: Vec<_> = (0..USED).map(|at| (StIndex(at), TagSource::Clear)).collect();
        function.tph().program(&clear)?;
        same("cleared", tags(table)?, vec![0; USED.into()])?;
        for (vector, tag) in steering.bits().iter().enumerate() {
            functions.call(endpoint.address, &format!("entry {vector} {tag:x}"))?;
        }
        same("the table", (tags(table)?, masks(table)?), ours)
    })
}

fn allocated(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let steering = Steering::ask(control)?;
    let (_, source) = steering.batch()[0];
    let mut tph = function.tph();
    same("entries", errno(tph.capability())?.table_entries, VECTORS)?;
    let mut tph = tph.enable(StMode::InterruptVector)?;
    let mut program = |index| errno(tph.program(&[(StIndex(index), source)]));
    same("without MSI-X", program(0), Err(Errno::ENXIO))?;
    function.enable_msix(&vector_events()?)?;
    same("the first", program(0), Ok(()))?;
    same("one past the last that is set up", program(USED), Err(Errno::ENXIO))?;
    same("the last of the table", program(VECTORS - 1), Err(Errno::ENXIO))?;
    same("past the table", program(VECTORS), Err(Errno::ENXIO))?;
    function.disable_msix()?;
    same("without MSI-X again", program(0), Err(Errno::ENXIO))
}

fn masked(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, events, steering| {
        give_event(function, Interrupt::MsiX, 3, None)?;
        same("mask bit", masks(table)?[3], 1)?;
        same("tags while masked", tags(table)?, steering.bits())?;
        give_event(function, Interrupt::MsiX, 3, Some(&events[3]))?;
        same("mask bit", masks(table)?[3], 0)?;
        same("tags when unmasked", tags(table)?, steering.bits())
    })
}

/// The number of the interrupt that VFIO gave a vector.
fn interrupt_number(endpoint: &Endpoint, vector: u16) -> Result<String, Failure> {
    let name = format!("vfio-msix[{vector}]({})", endpoint.address);
    let table = fs::read_to_string("/proc/interrupts")?;
    let line = table.lines().find(|line| line.ends_with(&name)).ok_or(name)?;
    Ok(line.split(':').next().unwrap_or_default().trim().to_owned())
}

fn moved(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, events, steering| {
        let mut nic = Nic::new(function, 1)?;
        nic.interrupt(0, 2)?;
        for cpus in ["2", "4", "8", "1"] {
            let number = interrupt_number(endpoint, 2)?;
            fs::write(format!("/proc/irq/{number}/smp_affinity"), cpus)?;
            nic.ring(0)?;
            events[2].read()?;
            same("tags after the move", tags(table)?, steering.bits())?;
        }
        Ok(())
    })
}

fn reset(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |function, table, _, steering| {
        // QEMU's table outlives a function reset; a real one does not.
        for vector in 0..USED {
            table.write32(control_dword(vector), 1)?;
        }
        same("tags that the device lost", tags(table)?, vec![0; USED.into()])?;
        function.reset()?;
        same("tags after the reset", tags(table)?, steering.bits())?;
        let mut tph = function.tph();
        same("ENABLE", errno(tph.enable(StMode::DeviceSpecific).map(drop)), Err(Errno::EBUSY))
    })
}

fn freed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
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

fn closed(endpoint: &Endpoint, control: &mut Control) -> Outcome {
    steered(endpoint, control, StMode::InterruptVector, |_, _, _, _| Ok(()))?;
    let function = VfioFunction::open(endpoint.address)?;
    let table = function.map_bar(TABLE_BAR)?;
    same("tags after close", tags(&table)?, vec![0; USED.into()])?;
    function.enable_msix(&vector_events()?)?;
    same("tags of the next user's vectors", tags(&table)?, vec![0; USED.into()])
}

/// A user who writes tags into the table past the kernel.
fn left(endpoint: &Endpoint, _: &mut Control) -> Outcome {
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
fn raced(endpoint: &Endpoint, control: &mut Control) -> Outcome {
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

fn memory_off(endpoint: &Endpoint, control: &mut Control) -> Outcome {
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
