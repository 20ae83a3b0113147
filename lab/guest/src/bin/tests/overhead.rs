//! What the module costs where it changes nothing, beside vfio-pci in the same guest: in instructions,
//! where the guest's clock counts them; a nanosecond is one.

use std::env;
use std::time::Instant;

use tph_lab_guest::bind::{OURS, rebind};
use tph_lab_guest::irq::{Interrupt, RAISE};
use tph_lab_guest::raw::{self, Ioctl};
use tph_lab_guest::{Endpoint, Failure, Nic, Suite};
use tph_lab_wire::variables;
use vfio_tph::{EventFd, VfioFunction};

const STOCK: &str = "vfio-pci";
/// How often a thing is done in a row, how often such a row is taken, and how often the drivers take
/// turns.
const IN_A_ROW: u64 = 100;
const ROWS: usize = 9;
const TURNS: usize = 3;
/// What the module may cost, in thousandths; and where it takes a lock and reads a word, since a vector
/// that goes takes its tag with it: `SET_IRQS` of a device with tags in its vectors.
const HANDED_ON: u64 = 10;
const LOOKED_AT: u64 = 20;
const SET_IRQS: &str = "VFIO_DEVICE_SET_IRQS, which raises a vector";
const CONFIG: u32 = 7;

type Outcome = Result<(), Failure>;

/// What a driver does over and over.
struct Driver {
    function: VfioFunction,
    nic: Nic,
    events: Vec<EventFd>,
}

type Act = fn(&mut Driver) -> Outcome;

const ACTS: [(&str, Act); 6] = [
    ("reading a register of the BAR", |driver| {
        Ok(driver.function.read_region(0, 0, &mut [0; 4])?)
    }),
    ("reading configuration space", |driver| {
        Ok(driver.function.read_region(CONFIG, 0, &mut [0; 4])?)
    }),
    ("VFIO_DEVICE_GET_INFO", |driver| ioctl(driver, Ioctl::GetInfo, &[24, 0, 0, 0, 0, 0])),
    ("mapping and unmapping memory for DMA", |driver| {
        Ok(driver.function.dma_buffer(0x4000_0000, 0x1000).map(drop)?)
    }),
    ("a DMA write of the device and its interrupt", |driver| {
        driver.nic.ring(0)?;
        driver.events[0].read()?;
        Ok(())
    }),
    (SET_IRQS, |driver| {
        ioctl(driver, Ioctl::SetIrqs, &[20, RAISE, Interrupt::MsiX as u32, 0, 1])?;
        driver.events[0].read()?;
        Ok(())
    }),
];

fn ioctl(driver: &Driver, ioctl: Ioctl, words: &[u32]) -> Outcome {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let (outcome, _) = raw::call(&driver.function, ioctl, &mut bytes);
    outcome.map(drop).map_err(|errno| format!("{ioctl:?}: errno {errno}").into())
}

/// Rows of one thing under one driver: nanoseconds each took, the fewest first.
#[derive(Default)]
struct Rows(Vec<u64>);

impl Rows {
    fn least(&self) -> u64 {
        self.0.first().copied().unwrap_or(0) / IN_A_ROW
    }

    fn middle(&self) -> u64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(0) / IN_A_ROW
    }
}

pub(crate) fn run(suite: &mut Suite) {
    if env::var_os(variables::COUNTED).is_none() {
        return;
    }
    let devices = [("nic0", "the_capability", HANDED_ON), ("vectors", "msix", LOOKED_AT)];
    for (name, table, of_set_irqs) in devices {
        let what = format!("overhead::with_a_table_in_{table}_it_costs_as_much_as_vfio_pci");
        suite.test(&what, || {
            let endpoint = Endpoint::named(name).ok_or_else(|| missing(name))?;
            let outcome = compare(&endpoint, of_set_irqs);
            rebind(endpoint.address, OURS)?;
            outcome
        });
    }
}

/// Nothing was measured: that is not the same as within the limit.
fn missing(name: &str) -> Failure {
    format!("this guest has no endpoint {name}: nothing was measured").into()
}

fn compare(nic: &Endpoint, of_set_irqs: u64) -> Outcome {
    let mut rows: [[Rows; ACTS.len()]; 2] = Default::default();
    for _ in 0..TURNS {
        for (name, rows) in [STOCK, OURS].into_iter().zip(&mut rows) {
            rebind(nic.address, name)?;
            measure(nic, rows)?;
        }
    }
    let [stock, ours] = &mut rows;
    let mut worst = Ok(());
    for ((name, _), (stock, ours)) in ACTS.iter().zip(stock.iter_mut().zip(ours)) {
        stock.0.sort_unstable();
        ours.0.sort_unstable();
        let (least, with_ours) = (stock.least(), ours.least());
        let more = with_ours.saturating_sub(least);
        println!(
            "overhead: {name}: vfio-pci {least} instructions (the middle row {} more), ours {with_ours} \
             ({} more): {}.{:02} % more",
            stock.middle() - least,
            ours.middle() - with_ours,
            more * 100 / least.max(1),
            more * 10_000 / least.max(1) % 100,
        );
        let limit = if *name == SET_IRQS { of_set_irqs } else { HANDED_ON };
        if more * 1000 > least * limit {
            worst = Err(Failure::from(format!("{name}: {more} instructions more than {least}")));
        }
    }
    worst
}

fn measure(nic: &Endpoint, rows: &mut [Rows]) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let events = vec![EventFd::new(0)?];
    function.enable_msix(&events)?;
    let nic = Nic::new(&function, 1)?;
    nic.interrupt(0, 0)?;
    let mut driver = Driver { function, nic, events };
    for ((_, act), rows) in ACTS.iter().zip(rows) {
        act(&mut driver)?;
        for _ in 0..ROWS {
            let began = Instant::now();
            for _ in 0..IN_A_ROW {
                act(&mut driver)?;
            }
            rows.0.push(u64::try_from(began.elapsed().as_nanos())?);
        }
    }
    // The buffers go before the device.
    let Driver { function, nic, .. } = driver;
    drop(nic);
    drop(function);
    Ok(())
}
