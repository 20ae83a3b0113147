//! `tph bench --pid` on a real kernel: the device stays this process's, the command turns TPH off and on there.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::endpoint::QueueScore;
use tph_lab_guest::tph::{TPH, answer};
use tph_lab_guest::{Control, Endpoint, Failure, Nic, Suite, Tph};
use vfio_tph::{CpuId, Host, MemoryType, Processes, StIndex, StMode, TagSource, VfioFunction};

use crate::check::same;

/// Where the driver writes its latencies.
const SAMPLES: &str = "/tmp/latencies";
/// How long a round and the time before it are at least and at most, and how often a packet can be sent in
/// them: the first after a change is on its way when it is made.
const PERIOD: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(3)];
const SETTLE: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
const PACKETS: [u32; 2] = [20, 5];
/// What they are with a tag and without.
const LATENCIES: [u32; 2] = [500, 1000];
const ENTRY: StIndex = StIndex(0);
const CPU: CpuId = CpuId(3);

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    // Profiles of guests for a few tests have other endpoints.
    let Some(nic) = Endpoint::named("nic0") else { return };
    let mut test = |name: &str, body: &mut dyn FnMut() -> Result<(), Failure>| {
        suite.test(&format!("bench::{name}"), || {
            let outcome = body();
            rebind(nic.address, OURS)?;
            outcome
        });
    };
    test("a_driver_in_another_process_keeps_its_device_and_its_steering", &mut || {
        driven(&nic, control)
    });
    test("a_driver_that_closes_its_device_ends_it", &mut || closed(&nic));
    let Some(other) = Endpoint::named("narrow") else { return };
    test("another_device_of_the_process_is_not_taken_for_the_named_one", &mut || {
        taken_for(&nic, &other)
    });
}

/// A driver that steers and does its work, while the command experiments with its device.
fn driven(endpoint: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let function = VfioFunction::open(endpoint.address)?;
    let mut nic = Nic::new(&function, 1)?;
    let mut tph = function.tph().into_enabled(StMode::DeviceSpecific)?;
    let source = TagSource::Cpu { cpu: CPU, memory: MemoryType::Volatile };
    tph.program(&[(ENTRY, source)])?;
    drop(OpenOptions::new().create(true).write(true).truncate(true).open(SAMPLES)?);
    let (process, address) = (std::process::id().to_string(), endpoint.address.to_string());
    // A busy machine takes its time for a packet, and the debug kernel more of it.
    let packet = usual(endpoint, control, &mut nic)?;
    let [period, settle] = [(PERIOD, PACKETS[0]), (SETTLE, PACKETS[1])]
        .map(|([least, most], packets)| (packet * packets).clamp(least, most))
        .map(|time| time.as_millis().to_string());
    let over = AtomicBool::new(false);
    let (told, worked) = thread::scope(|scope| {
        let experiment = scope.spawn(|| {
            let device = ["bench", &address, "--pid", &process, "--samples", SAMPLES];
            let rounds = ["--rounds", "12", "--period", &period, "--settle", &settle];
            let told = finished(&[&device[..], &rounds].concat());
            over.store(true, Ordering::Relaxed);
            told.map_err(|failure| failure.to_string())
        });
        let worked = work(endpoint, control, &mut nic, &over);
        (experiment.join(), worked)
    });
    worked?;
    let (started, finished) = told.map_err(|_| "it panicked")??;
    same("CPUs, as the entries say", started["cpus"].as_str(), Some("3"))?;
    same("ended early", finished["ended_early"].as_str(), None)?;
    same("not restored", finished["not_restored"].as_str(), None)?;
    let measured = finished["measured"].as_array().ok_or("nothing was measured")?;
    let latency = measured.iter().find(|it| it["name"] == "latency-median").ok_or("no latency")?;
    if latency["verdict"] != "difference" {
        return Err(format!("no difference was found: {finished}").into());
    }
    let [steered, unsteered] = LATENCIES.map(f64::from);
    same("difference", latency["difference"].as_f64(), Some(steered - unsteered))?;
    // It is left as it was.
    let sent = endpoint.sent(control, || nic.ring(0))?;
    let tagged = sent.first().and_then(QueueScore::only_hint).flatten().is_some();
    same("a tag afterwards", tagged, true)?;
    let entry = tph.entries(&[ENTRY])?;
    same("the entry's CPU afterwards", entry[0].map(|entry| entry.cpu), Some(CPU))?;
    Ok(tph.disable()?)
}

/// A driver that turns its device off and closes it in the middle of an experiment.
fn closed(endpoint: &Endpoint) -> Result<(), Failure> {
    let function = VfioFunction::open(endpoint.address)?;
    let tph = function.tph().into_enabled(StMode::DeviceSpecific)?;
    drop(File::create(SAMPLES)?);
    let (process, address) = (std::process::id().to_string(), endpoint.address.to_string());
    let words = ["bench", &address, "--pid", &process, "--samples", SAMPLES, "--cpus", "0"];
    let rounds = ["--rounds", "1000", "--period", "100", "--settle", "50"];
    let mut command = Tph::start(Command::new(TPH).args(words).args(rounds))?;
    command.until("round", |_| true)?;
    drop(tph);
    drop(function);
    let finished = command.until("finished", |_| true)?;
    let why = format!("process {process} closed the device");
    same("ended early", finished["ended_early"].as_str(), Some(why.as_str()))?;
    same("not restored", finished["not_restored"].as_str(), None)?;
    same("exit code", command.exit_code()?, Some(5))?;
    // Nobody has the device any more: VFIO would not give it to a second one.
    VfioFunction::open(endpoint.address).map(drop)?;
    Ok(())
}

/// A process that has one device open, and is named for another one, which somebody has in the same mode.
fn taken_for(endpoint: &Endpoint, named: &Endpoint) -> Result<(), Failure> {
    let address = named.address.to_string();
    let hold = ["hold", &address, "--mode", "device-specific", "--map", "0=3"];
    let mut holder = Tph::start(Command::new(TPH).args(hold))?;
    holder.until("held", |_| true)?;
    let function = VfioFunction::open(endpoint.address)?;
    let process = Processes::default().process(std::process::id())?;
    // 7.3 says which device a descriptor is, 6.12 does not.
    let told = process.devices.iter().all(|device| device.address.is_some());
    let why = |is: &str| {
        if told {
            format!("it does not have {address} open")
        } else {
            format!("the one VFIO device that process {} has open is another: {is}", process.pid)
        }
    };
    let refused = |is: &str| {
        let id = process.pid.to_string();
        let (code, said) = answer(&["bench", &address, "--pid", &id, "--cpus", "0"])?;
        let message = said["error"]["message"].as_str().unwrap_or_default();
        same(&format!("exit code of {said}"), code, 1)?;
        same(&format!("reason in {said}"), message.contains(&why(is)), true)
    };
    let state = || Host::default().table_state(endpoint.address).and_then(|state| state.mode);
    refused("its TPH is off")?;
    for (mode, is) in [
        (StMode::InterruptVector, "its TPH is on in interrupt-vector mode".to_owned()),
        (StMode::DeviceSpecific, format!("TPH of {address} stayed as it was")),
    ] {
        let tph = function.tph().into_enabled(mode)?;
        refused(&is)?;
        same("the mode of the driver's own device afterwards", state(), Some(mode))?;
        tph.disable()?;
    }
    let mode_of_named = Host::default().table_state(named.address).and_then(|state| state.mode);
    same("the mode of the named device", mode_of_named, Some(StMode::DeviceSpecific))?;
    holder.end().map(drop)
}

/// How long a packet usually takes: the middle of a few.
fn usual(endpoint: &Endpoint, control: &mut Control, nic: &mut Nic) -> Result<Duration, Failure> {
    let mut times = [Duration::ZERO; 5];
    for time in &mut times {
        let began = Instant::now();
        endpoint.sent(control, || nic.ring(0))?;
        *time = began.elapsed();
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// Runs the command to its end: how it was set up, and what came out.
fn finished(words: &[&str]) -> Result<(Value, Value), Failure> {
    let mut command = Tph::start(Command::new(TPH).args(words))?;
    let started = command.until("started", |_| true)?;
    // Each round may take as long as any answer.
    loop {
        let said = command.until_one_of(&["round", "finished"], |_| true)?;
        if said["event"] == "finished" {
            return Ok((started, said));
        }
    }
}

/// Rings the queue until it is over. The latency of a packet is what its tag makes it.
fn work(
    endpoint: &Endpoint,
    control: &mut Control,
    nic: &mut Nic,
    over: &AtomicBool,
) -> Result<(), Failure> {
    let mut samples = OpenOptions::new().append(true).open(SAMPLES)?;
    while !over.load(Ordering::Relaxed) {
        writeln!(samples, "{}", latency(endpoint, control, nic)?)?;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The latency of a packet that the queue sends now.
fn latency(endpoint: &Endpoint, control: &mut Control, nic: &mut Nic) -> Result<u32, Failure> {
    let sent = endpoint.sent(control, || nic.ring(0))?;
    let hint = sent.first().and_then(QueueScore::only_hint).ok_or("no packet")?;
    let [steered, unsteered] = LATENCIES;
    Ok(if hint.is_some() { steered } else { unsteered })
}
