//! Many threads in requests of one device. Each batch gives every entry the same CPU, so that a table
//! with two tags is a torn one. Between rounds all threads are done, and the endpoint must hold what
//! one of the last requests left.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use tph::{ConfigOffset, Control as ControlRegister, MemoryType};
use tph::{RequesterType, TphCapability};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, endpoint};
use vfio_tph::{CpuId, Errno, Error, StIndex, StMode, TagSource, VfioFunction};

const ENTRIES: u16 = tph::MAX_CAPABILITY_ENTRIES;
const ROUNDS: usize = 4;
const WRITERS: usize = 3;
/// Requests of each thread in a round.
const REQUESTS: usize = 20;

type Outcome = Result<(), Failure>;
type Worker<T> = JoinHandle<Result<T, String>>;

/// One round's threads.
struct Round {
    writers: Vec<Worker<Option<CpuId>>>,
    switch: Worker<Option<StMode>>,
    others: Vec<Worker<()>>,
}

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    suite.test("concurrency::the_outcome_of_many_threads_is_that_of_some_order", || {
        many_threads(&nic, control)
    });
    suite.test("concurrency::a_reset_among_batches_tears_no_table", || resets(&nic, control));
}

fn many_threads(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = Arc::new(VfioFunction::open(nic.address)?);
    let mut table = Table::new(&function, nic, control)?;
    let (mut last, mut written) = (vec![], 0);
    for round in 0..ROUNDS {
        let threads = start(&function, round);
        let ends: Vec<_> = threads.writers.into_iter().map(join).collect::<Result<_, _>>()?;
        let mode = join(threads.switch)?;
        threads.others.into_iter().try_for_each(join)?;
        let ends: Vec<CpuId> = ends.into_iter().flatten().collect();
        if !ends.is_empty() {
            (last, written) = (ends, written + 1);
        }
        table.expect(round, &last, mode)?;
    }
    if written == 0 {
        return Err("no batch was ever written".into());
    }
    Ok(())
}

fn start(function: &Arc<VfioFunction>, round: usize) -> Round {
    let on = Arc::clone;
    Round {
        writers: (0..WRITERS).map(|writer| spawn(on(function), round + writer, write)).collect(),
        switch: spawn(on(function), round, switch),
        others: vec![
            spawn(on(function), round, ask),
            spawn(on(function), round, read_config),
            spawn(on(function), round, reset),
        ],
    }
}

fn spawn<T: Send + 'static>(
    function: Arc<VfioFunction>,
    seed: usize,
    work: fn(&VfioFunction, usize) -> Result<T, String>,
) -> Worker<T> {
    thread::spawn(move || work(&function, seed))
}

fn join<T>(worker: Worker<T>) -> Result<T, Failure> {
    Ok(worker.join().map_err(|_| "a thread panicked")??)
}

/// Batches for one CPU after the other; the CPU of the last that was taken.
fn write(function: &VfioFunction, seed: usize) -> Result<Option<CpuId>, String> {
    let mut last = None;
    for request in 0..REQUESTS {
        let cpu = CpuId(u32::try_from((seed + request) % 4).unwrap_or_default());
        // TPH may be off at this moment.
        if allow(program(function, cpu), &[Errno::EINVAL])?.is_some() {
            last = Some(cpu);
        }
    }
    Ok(last)
}

fn program(function: &VfioFunction, cpu: CpuId) -> Result<(), Error> {
    let source = TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let batch: Vec<_> = (0..ENTRIES).map(|index| (StIndex(index), source)).collect();
    function.tph().program(&batch)
}

/// TPH on and off in both modes, on for some time; how it was left.
fn switch(function: &VfioFunction, seed: usize) -> Result<Option<StMode>, String> {
    let modes = [StMode::DeviceSpecific, StMode::InterruptVector];
    let mut tph = function.tph();
    let mut state = None;
    for request in 0..REQUESTS {
        let mode = modes[(seed + request) % 2];
        tph.disable().map_err(|error| error.to_string())?;
        std::mem::forget(tph.enable(mode).map_err(|error| error.to_string())?);
        state = Some(mode);
        thread::yield_now();
    }
    if seed % 2 == 1 {
        tph.disable().map_err(|error| error.to_string())?;
        state = None;
    }
    Ok(state)
}

/// `GET_CAP`, and `GET_ST`, which a device with a table refuses.
fn ask(function: &VfioFunction, _: usize) -> Result<(), String> {
    let mut tph = function.tph();
    for _ in 0..REQUESTS {
        let capability = tph.capability().map_err(|error| error.to_string())?;
        if capability.table_entries != ENTRIES {
            return Err(format!("GET_CAP: {capability:?}"));
        }
        let tags = tph.tags(&[(CpuId(0), MemoryType::Volatile)]);
        if allow(tags.map(drop), &[Errno::EOPNOTSUPP])?.is_some() {
            return Err("GET_ST was answered".into());
        }
    }
    Ok(())
}

/// Registers, which may say anything but must say something.
fn read_config(function: &VfioFunction, _: usize) -> Result<(), String> {
    for _ in 0..REQUESTS {
        let found = TphCapability::find(&mut function.config()).map_err(|error| error.to_string());
        if found?.is_none() {
            return Err("the capability is gone".into());
        }
    }
    Ok(())
}

/// A few, as each takes as long as many requests.
fn reset(function: &VfioFunction, _: usize) -> Result<(), String> {
    for _ in 0..2 {
        match function.reset() {
            // VFIO only tries the device's lock.
            Err(error) if error.errno() == Some(Errno(11)) => {}
            other => other.map_err(|error| error.to_string())?,
        }
    }
    Ok(())
}

/// `None` for one of these refusals.
fn allow<T>(outcome: Result<T, Error>, allowed: &[Errno]) -> Result<Option<T>, String> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.errno().is_some_and(|errno| allowed.contains(&errno)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// One thread writes while another resets: TPH stays on, so that no batch may fail, and after each
/// reset the whole table has one tag.
fn resets(nic: &Endpoint, control: &mut Control) -> Outcome {
    let function = Arc::new(VfioFunction::open(nic.address)?);
    let mut table = Table::new(&function, nic, control)?;
    let mode = StMode::DeviceSpecific;
    std::mem::forget(function.tph().enable(mode)?);
    for round in 0..2 {
        let writer = spawn(Arc::clone(&function), round, |function, seed| {
            let began = Instant::now();
            let mut cpu = CpuId(0);
            for request in 0..REQUESTS {
                cpu = CpuId(u32::try_from((seed + request) % 4).unwrap_or_default());
                program(function, cpu)
                    .map_err(|error| format!("{error} ({:?})", began.elapsed()))?;
            }
            Ok(cpu)
        });
        reset(&function, round)?;
        let cpu = join(writer)?;
        table.expect(round, &[cpu], Some(mode))?;
    }
    Ok(())
}

/// What the endpoint holds, seen from outside.
struct Table<'a> {
    nic: &'a Endpoint,
    control: &'a mut Control,
    at: ConfigOffset,
    tags: Vec<u16>,
}

impl<'a> Table<'a> {
    fn new(
        function: &VfioFunction,
        nic: &'a Endpoint,
        control: &'a mut Control,
    ) -> Result<Self, Failure> {
        let capability = TphCapability::find(&mut function.config())?.ok_or("no capability")?;
        let at = capability.control().ok_or("no control register")?;
        let wide = RequesterType::ExtendedTph;
        let tags = endpoint::tags(control, MemoryType::Volatile, wide)?;
        let tags = tags.into_iter().map(|(_, tag)| tag.entry_bits()).collect();
        Ok(Self { nic, control, at, tags })
    }

    /// All entries have the tag of one of `cpus` (are 0 if there is none), and this mode is on.
    fn expect(&mut self, round: usize, cpus: &[CpuId], mode: Option<StMode>) -> Outcome {
        let held = self.control.registers(&self.nic.name, self.at.get(), 1 + ENTRIES / 2)?;
        let (control, table) = held.split_first().ok_or("no answer")?;
        if table.iter().any(|dword| *dword != table[0]) || table[0] >> 16 != table[0] & 0xffff {
            return Err(format!("round {round}: a torn table: {table:x?}").into());
        }
        let allowed = cpus.iter().filter_map(|cpu| self.tags.get(cpu.0 as usize).copied());
        let allowed: Vec<u32> = allowed.map(u32::from).collect();
        let tag = table[0] & 0xffff;
        if !(allowed.contains(&tag) || allowed.is_empty() && tag == 0) {
            return Err(format!("round {round}: tag {tag:#x}, none of {allowed:x?}").into());
        }
        let register = ControlRegister(*control);
        let found = if register.0 == 0 { None } else { register.mode() };
        if found != mode {
            return Err(format!("round {round}: {register:?}, and {mode:?} was set last").into());
        }
        Ok(())
    }
}
