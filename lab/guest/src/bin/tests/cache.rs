//! Firmware is asked once for each CPU, for all devices below one host bridge, until CPUs change.

use std::time::{Duration, Instant};
use std::{env, fs};

use tph::{Entry, MemoryType, RequesterType};
use tph_abi::{Errno, Operation};
use tph_lab_guest::raw::{self, Ioctl};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, endpoint, module};
use tph_lab_wire::variables;
use vfio_tph::{CpuId, StIndex, StMode, TagSource, VfioFunction};

const ASKED: &str = "/sys/bus/pci/drivers/vfio-pci-tph/firmware_evaluations";
const CPU_ONLINE: &str = "/sys/devices/system/cpu/cpu3/online";
const SWITCH: &str = "/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds";

type Outcome = Result<(), Failure>;
type Test = fn(&[CpuId]) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let tests: [(&str, Test); 5] = [
        ("each_cpu_is_asked_for_once", once),
        ("devices_below_one_host_bridge_share_the_answers", shared),
        ("a_cpu_that_comes_or_goes_makes_all_answers_old", changed),
        ("tags_of_512_known_cpus_cost_no_evaluation", known),
        ("direct_tags_of_512_known_cpus_cost_one_call_and_no_evaluation", again),
    ];
    for (name, test) in tests {
        suite.test(&format!("cache::{name}"), || {
            let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
            test(&tags.into_iter().map(|(cpu, _)| cpu).collect::<Vec<_>>())
        });
    }
}

/// `GET_ST` of 512, one call, after CPUs changed and again: what it costs the second time. The
/// fastest of a few of either, as other work of the machine only ever makes a call slower. A guest of `lab
/// test` has few CPUs, so what 512 would cost the first time is reckoned from what each evaluation takes; the
/// guest of `lab bench` has enough of them.
fn again(cpus: &[CpuId]) -> Outcome {
    const CALLS: usize = 10;
    const ROUNDS: usize = 3;
    /// The second is at least so many times faster.
    const FASTER: u32 = 50;
    const CPUS: u32 = 512;
    let counted = env::var_os(variables::COUNTED).is_some();
    let direct = Endpoint::named("direct");
    let Some(direct) = direct.filter(|_| module::allows_direct_tags().unwrap_or(false)) else {
        // Where instructions are counted this is what for.
        return if counted { Err("no device hands out tags here".into()) } else { Ok(()) };
    };
    let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let entry = |cpu: &CpuId| Entry { index: StIndex(0), source: source(*cpu) };
    let entries: Vec<_> = cpus.iter().map(entry).cycle().take(CPUS as usize).collect();
    let mut request = tph_conformance::st(Operation::GetSt, &entries);
    let mut call = |function: &VfioFunction| -> Result<Duration, Failure> {
        let began = Instant::now();
        let (outcome, _) = raw::call(function, Ioctl::PciTph, &mut request);
        let took = began.elapsed();
        outcome.map(|_| took).map_err(|errno| Errno(errno).into())
    };
    let (mut first, mut second) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        change_cpus()?;
        let function = VfioFunction::open(direct.address)?;
        let mut tph = function.tph();
        let _on = tph.enable(StMode::DeviceSpecific)?;
        let before = asked()?;
        first = first.min(call(&function)?);
        expect("the first", asked()? - before, 1 + cpus.len() as u64)?;
        for _ in 0..CALLS {
            second = second.min(call(&function)?);
        }
        expect("all", asked()? - before, 1 + cpus.len() as u64)?;
    }
    let evaluations = 1 + u32::try_from(cpus.len())?;
    let each = first.saturating_sub(second) / evaluations;
    let of_all = second + each * (1 + CPUS);
    let times = |longer: Duration| longer.as_nanos() / second.as_nanos().max(1);
    println!(
        "cache: GET_ST of {CPUS}: first {first:?} with {evaluations} evaluations, again {second:?}: {} times \
         faster; {} times for {CPUS} CPUs, which would take {of_all:?}",
        times(first),
        times(of_all)
    );
    let slow = if counted { first } else { of_all };
    if slow < second * FASTER {
        return Err(format!("{slow:?}, and again {second:?}: not {FASTER} times faster").into());
    }
    Ok(())
}

/// How often the module has evaluated firmware's method.
fn asked() -> Result<u64, Failure> {
    Ok(fs::read_to_string(ASKED)?.trim().parse()?)
}

/// How many evaluations `work` costs.
fn cost(work: impl FnOnce() -> Outcome) -> Result<u64, Failure> {
    let before = asked()?;
    work()?;
    Ok(asked()? - before)
}

fn expect(what: &str, found: u64, expected: u64) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: {found} evaluations, not {expected}").into())
}

/// Takes CPU 3 away and brings it back.
fn change_cpus() -> Outcome {
    fs::write(CPU_ONLINE, "0")?;
    Ok(fs::write(CPU_ONLINE, "1")?)
}

/// Opens an endpoint and programs an entry for each of the CPUs, as many times as said.
fn program(name: &str, cpus: &[CpuId], times: usize) -> Outcome {
    let endpoint = Endpoint::named(name).ok_or("no such endpoint")?;
    let function = VfioFunction::open(endpoint.address)?;
    let mut tph = function.tph();
    let mut tph = tph.enable(StMode::DeviceSpecific)?;
    let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
    let sources = cpus.iter().copied().cycle().take(64).map(source);
    let batch: Vec<_> = (0..).map(StIndex).zip(sources).collect();
    (0..times).try_for_each(|_| Ok(tph.program(&batch)?))
}

fn once(cpus: &[CpuId]) -> Outcome {
    change_cpus()?;
    // One for the list of functions, one for each CPU.
    expect("the first", cost(|| program("nic0", cpus, 2))?, 1 + cpus.len() as u64)?;
    expect("another user", cost(|| program("nic0", cpus, 2))?, 0)
}

fn shared(cpus: &[CpuId]) -> Outcome {
    let Some(narrow) = Endpoint::named("narrow") else { return Ok(()) };
    change_cpus()?;
    program("nic0", cpus, 1)?;
    let asked = cost(|| {
        let function = VfioFunction::open(narrow.address)?;
        let mut tph = function.tph();
        let mut tph = tph.enable(StMode::DeviceSpecific)?;
        let source = TagSource::Cpu { cpu: cpus[0], memory: MemoryType::Persistent };
        // What firmware says of this CPU and memory is not what counts here.
        let _ = tph.program(&[(StIndex(1), source)]);
        Ok(())
    })?;
    expect("the other device", asked, 0)
}

fn changed(cpus: &[CpuId]) -> Outcome {
    program("nic0", cpus, 1)?;
    expect("before", cost(|| program("nic0", cpus, 1))?, 0)?;
    change_cpus()?;
    expect("after", cost(|| program("nic0", cpus, 1))?, 1 + cpus.len() as u64)
}

fn known(cpus: &[CpuId]) -> Outcome {
    program("nic0", cpus, 1)?;
    let Some(direct) = Endpoint::named("direct") else { return Ok(()) };
    if fs::read_to_string(SWITCH)?.trim() != "Y" {
        // Without the switch the longest batch is the table's.
        return expect("64 entries, ten times", cost(|| program("nic0", cpus, 10))?, 0);
    }
    let wanted: Vec<_> =
        cpus.iter().map(|cpu| (*cpu, MemoryType::Volatile)).cycle().take(512).collect();
    let asked = cost(|| {
        let function = VfioFunction::open(direct.address)?;
        let mut tph = function.tph();
        let mut tph = tph.enable(StMode::DeviceSpecific)?;
        Ok(tph.tags(&wanted).map(drop)?)
    })?;
    expect("GET_ST of 512", asked, 0)
}
