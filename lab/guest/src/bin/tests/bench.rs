//! `tph bench --pid` on a real kernel: the device stays this process's, the command turns TPH off and on there.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::endpoint::QueueScore;
use tph_lab_guest::tph::TPH;
use tph_lab_guest::{Control, Endpoint, Failure, Nic, Suite, Tph};
use vfio_tph::{CpuId, MemoryType, Processes, StIndex, StMode, TagSource, VfioFunction};

use crate::check::same;

/// Where the driver writes its latencies.
const SAMPLES: &str = "/tmp/latencies";
/// What they are with a tag and without.
const LATENCIES: [u32; 2] = [500, 1000];
const ENTRY: StIndex = StIndex(0);
const CPU: CpuId = CpuId(3);

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    // Profiles of guests for a few tests have other endpoints.
    let Some(nic) = Endpoint::named("nic0") else { return };
    suite.test("bench::a_driver_in_another_process_keeps_its_device_and_its_steering", || {
        let outcome = driven(&nic, control);
        rebind(nic.address, OURS)?;
        outcome
    });
}

/// A driver that steers and does its work, while the command experiments with its device.
fn driven(endpoint: &Endpoint, control: &mut Control) -> Result<(), Failure> {
    let function = VfioFunction::open(endpoint.address)?;
    let process = Processes::default().process(std::process::id())?;
    if process.devices.iter().all(|device| device.address.is_none()) {
        // Which of several descriptors is the device's, this kernel does not say (6.12).
        return Ok(());
    }
    let mut nic = Nic::new(&function, 1)?;
    let mut tph = function.tph().into_enabled(StMode::DeviceSpecific)?;
    let source = TagSource::Cpu { cpu: CPU, memory: MemoryType::Volatile };
    tph.program(&[(ENTRY, source)])?;
    drop(OpenOptions::new().create(true).write(true).truncate(true).open(SAMPLES)?);
    let (process, address) = (std::process::id().to_string(), endpoint.address.to_string());
    let over = AtomicBool::new(false);
    let (told, worked) = thread::scope(|scope| {
        let experiment = scope.spawn(|| {
            let device = ["bench", &address, "--pid", &process, "--samples", SAMPLES];
            let rounds = ["--rounds", "12", "--period", "300", "--settle", "200"];
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

/// Runs the command to its end: how it was set up, and what came out.
fn finished(words: &[&str]) -> Result<(Value, Value), Failure> {
    let mut command = Tph::start(Command::new(TPH).args(words))?;
    let started = command.until("started", |_| true)?;
    Ok((started, command.until("finished", |_| true)?))
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
        let sent = endpoint.sent(control, || nic.ring(0))?;
        let hint = sent.first().and_then(QueueScore::only_hint).ok_or("no packet")?;
        let [steered, unsteered] = LATENCIES;
        writeln!(samples, "{}", if hint.is_some() { steered } else { unsteered })?;
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
