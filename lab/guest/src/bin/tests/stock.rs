//! What a plain VFIO user does is the same on vfio-pci and on our driver.

use std::fmt::Write;
use std::thread;
use std::time::{Duration, Instant};

use tph_lab_guest::bind::rebind;
use tph_lab_guest::raw::{self, Ioctl, feature};
use tph_lab_guest::{Endpoint, Failure, Nic, Suite};
use vfio_tph::{Bdf, EventFd, Host, VfioFunction};

/// Reading an event that has not come fails at once (`eventfd(2)`).
const EFD_NONBLOCK: i32 = rustix::event::EventfdFlags::NONBLOCK.bits().cast_signed();

const OURS: &str = "vfio-pci-tph";
const STOCK: &str = "vfio-pci";

/// What was done and what came of it.
type Log = Vec<(String, String)>;

pub(crate) fn run(suite: &mut Suite) {
    for endpoint in Endpoint::all() {
        suite.test(&format!("stock::a_plain_user_sees_no_difference_on_{}", endpoint.name), || {
            compare(endpoint.address)
        });
    }
}

fn compare(address: Bdf) -> Result<(), Failure> {
    let ours = observe(address)?;
    rebind(address, STOCK)?;
    let stock = observe(address);
    rebind(address, OURS)?;
    let stock = stock?;
    let mut differences = String::new();
    for (ours, stock) in ours.iter().zip(&stock) {
        if ours != stock {
            writeln!(differences, "{}:\n ours  {}\n stock {}", ours.0, ours.1, stock.1)?;
        }
    }
    if ours.len() != stock.len() || ours.len() < 50 {
        writeln!(differences, "{} and {} observations", ours.len(), stock.len())?;
    }
    if differences.is_empty() { Ok(()) } else { Err(differences.into()) }
}

fn observe(address: Bdf) -> Result<Log, Failure> {
    let function = VfioFunction::open(address)?;
    let mut log = Log::new();
    information(&function, &mut log)?;
    features(&function, &mut log);
    work(&function, &mut log)?;
    log.push(("reset".into(), format!("{:?}", function.reset())));
    let mut after = vec![0; 0x1000];
    let read = function.read_region(7, 0, &mut after);
    log.push(("configuration space after reset".into(), format!("{read:?} {}", hex(&after))));
    Ok(log)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sends an ioctl with `argsz`, then `words`, in a request of 4 KiB.
fn ask(function: &VfioFunction, ioctl: Ioctl, words: &[u32]) -> String {
    let mut bytes = vec![0; 0x1000];
    for (at, word) in [0x1000].iter().chain(words).enumerate() {
        bytes[4 * at..][..4].copy_from_slice(&word.to_le_bytes());
    }
    let (outcome, behind) = raw::call(function, ioctl, &mut bytes);
    format!("{outcome:?} {behind} {}", hex(&bytes[..256]))
}

fn information(function: &VfioFunction, log: &mut Log) -> Result<(), Failure> {
    log.push(("GET_INFO".into(), ask(function, Ioctl::GetInfo, &[])));
    for region in 0..11 {
        let answer = ask(function, Ioctl::GetRegionInfo, &[0, region]);
        log.push((format!("GET_REGION_INFO {region}"), answer));
    }
    for irq in 0..7 {
        let answer = ask(function, Ioctl::GetIrqInfo, &[0, irq]);
        log.push((format!("GET_IRQ_INFO {irq}"), answer));
    }
    log.push(("HOT_RESET_INFO".into(), ask(function, Ioctl::GetPciHotResetInfo, &[])));
    for ioctl in [Ioctl::Unknown23, Ioctl::Unknown24, Ioctl::Unknown60] {
        log.push((format!("ioctl {ioctl:?}"), ask(function, ioctl, &[])));
    }
    let mut config = vec![0; 0x1000];
    function.read_region(7, 0, &mut config)?;
    log.push(("configuration space".into(), hex(&config)));
    // Command, cache line size, interrupt line; BAR 0 sized and put back.
    for (offset, bytes) in [(4, vec![6, 4]), (0xc, vec![0x10]), (0x10, vec![0xff; 4])] {
        let (mut before, mut after) = ([0; 4], [0; 4]);
        function.read_region(7, offset, &mut before)?;
        let written = function.write_region(7, offset, &bytes);
        function.read_region(7, offset, &mut after)?;
        log.push((format!("config write {offset:#x}"), format!("{written:?} {}", hex(&after))));
        function.write_region(7, offset, &before)?;
    }
    Ok(())
}

fn features(function: &VfioFunction, log: &mut Log) {
    let ours = Host::default().dma_buf_feature().map(|number| u32::from(number.get()));
    for number in 0..16 {
        for direction in [feature::GET, feature::SET] {
            // The one feature that a plain user does not have.
            if direction == feature::SET && ours == Some(number) {
                continue;
            }
            let answer = ask(function, Ioctl::Feature, &[number | direction | feature::PROBE]);
            log.push((format!("PROBE of feature {number}, {direction:#x}"), answer));
        }
    }
    let unknown = ask(function, Ioctl::Feature, &[feature::UNKNOWN | feature::GET]);
    log.push(("an unknown feature".into(), unknown));
}

/// DMA and interrupts: each queue's doorbell brings its data and, on a device with MSI-X, its event.
fn work(function: &VfioFunction, log: &mut Log) -> Result<(), Failure> {
    const QUEUES: u16 = 4;
    let mut nic = Nic::new(function, QUEUES)?;
    let events = (0..QUEUES).map(|_| EventFd::new(EFD_NONBLOCK));
    let events: Vec<EventFd> = events.collect::<Result<_, _>>()?;
    let interrupts = function.msix_vectors() > 0;
    if interrupts {
        function.enable_msix(&events)?;
    }
    for queue in 0..QUEUES {
        if interrupts {
            nic.interrupt(queue, queue)?;
        }
        let rung = nic.ring(queue).map_err(|error| error.to_string());
        let event = &events[usize::from(queue)];
        let came = !interrupts || wait(event);
        log.push((format!("doorbell {queue}"), format!("{rung:?}, event {came}")));
        if rung.is_err() || !came {
            return Err(format!("doorbell {queue}: {rung:?}, event {came}").into());
        }
    }
    log.push(("MSI-X off".into(), format!("{:?}", function.disable_msix())));
    Ok(())
}

/// Whether the event came within two seconds.
fn wait(event: &EventFd) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
        if event.read().is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}
