//! A thread that sends requests.

use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tph_abi::FeatureNumber;
use tph_differential::{Generator, Random, Step};
use tph_lab_guest::raw::{self, Ioctl, Place, Room, feature};
use vfio_tph::{EventFd, Host};

use super::Fire;
use super::counts::{Counts, Kind};
use super::request;
use super::site::Open;
use crate::dma_buf::export;

/// Buffers of a device at once.
const BUFFERS: usize = 8;
/// The index of the region with configuration space.
const CONFIG: u32 = 7;

pub(super) struct Caller<'a> {
    fire: &'a Fire,
    random: Random,
    /// One for each device.
    generators: Vec<Generator>,
    sequence: u64,
    room: Room,
    events: Vec<EventFd>,
    number: FeatureNumber,
    exports: bool,
    counts: Counts,
}

impl<'a> Caller<'a> {
    /// The `thread`th caller of a seed.
    pub(super) fn new(fire: &'a Fire, seed: u64, thread: u64) -> Result<Self, String> {
        let number = Host::default().dma_buf_feature();
        let events: Result<_, _> = (0..3).map(|_| EventFd::new(0)).collect();
        // What takes long is the disturber's business.
        let generator = |target: &tph_differential::Target| {
            Generator::new(target.clone(), seed.wrapping_mul(0x100).wrapping_add(thread), u32::MAX)
        };
        Ok(Self {
            fire,
            random: Random::new(seed, thread),
            generators: fire.sites.iter().map(|site| generator(&site.target)).collect(),
            sequence: 0,
            room: Room::new().map_err(|error| error.to_string())?,
            events: events.map_err(|error: std::io::Error| error.to_string())?,
            number: number.unwrap_or(FeatureNumber::DEFAULT),
            exports: number.is_some(),
            counts: Counts::default(),
        })
    }

    /// Calls until the fire is over.
    pub(super) fn run(mut self) -> Result<Counts, String> {
        while !self.fire.is_over() {
            let index = self.random.place(self.fire.sites.len());
            let site = &self.fire.sites[index];
            let Some(open) = site.user() else {
                thread::sleep(Duration::from_millis(1));
                continue;
            };
            match self.random.below(20) {
                0..=3 => self.sequence(&open, index)?,
                4..=9 => self.buffers(&open)?,
                10..=15 => self.questions(&open, index)?,
                16..=17 => self.interrupts(&open, site.target.vectors()),
                _ => self.look(&open),
            }
        }
        Ok(self.counts)
    }

    fn count(&mut self, kind: Kind, outcome: Result<u32, i32>) {
        self.counts.count(kind, outcome);
        if kind != Kind::HandedOn {
            self.fire.calls.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What the differential test sends.
    fn sequence(&mut self, open: &Open, index: usize) -> Result<(), String> {
        self.sequence += 1;
        for step in self.generators[index].sequence(self.sequence) {
            match step {
                Step::Call(bytes) => self.tph(open, bytes)?,
                Step::Write { offset, bytes } => {
                    let written = open.function.write_region(CONFIG, offset.into(), &bytes);
                    self.count(Kind::HandedOn, handed_on(written));
                }
                Step::Vectors(count) => {
                    let events: Vec<_> = (0..count).map(|_| EventFd::new(0)).collect();
                    if let Ok(events) = events.into_iter().collect::<Result<Vec<_>, _>>() {
                        let done = open.function.enable_msix(&events);
                        self.count(Kind::SetIrqs, handed_on(done));
                    }
                }
                Step::FreeVectors => {
                    self.count(Kind::SetIrqs, handed_on(open.function.disable_msix()));
                }
                // The disturber's, and rights: those are the whole process's.
                Step::Reset | Step::Reopen | Step::Caller(_) => {}
            }
        }
        Ok(())
    }

    /// What is quick, as the device is not asked: many requests in the time of one.
    fn questions(&mut self, open: &Open, index: usize) -> Result<(), String> {
        for _ in 0..self.fire.in_a_row {
            let bytes = request::question(&mut self.random, &self.fire.sites[index].target);
            self.tph(open, bytes)?;
        }
        Ok(())
    }

    /// A request, which lies well or badly.
    fn tph(&mut self, open: &Open, mut bytes: Vec<u8>) -> Result<(), String> {
        let function = &open.function;
        let missing = 1 + self.random.place(32);
        let outcome = match self.random.below(32) {
            0 | 1 => self.room.call(function, Ioctl::PciTph, &mut bytes, Place::Cut(missing)),
            2 => self.room.call(function, Ioctl::PciTph, &mut bytes, Place::ReadOnly),
            3 => self.room.call(function, Ioctl::PciTph, &mut bytes, Place::Null),
            4 => raw::call_nowhere(function, Ioctl::PciTph),
            5..=7 => self.fire.shared_tph.call(function, Ioctl::PciTph, &mut bytes, Place::Whole),
            8 => {
                self.tph_in_memory_of_a_device(open, &bytes);
                return Ok(());
            }
            _ => {
                let sent = bytes.clone();
                let (outcome, wrote_behind) = raw::call(function, Ioctl::PciTph, &mut bytes);
                if wrote_behind {
                    return Err(format!("it wrote behind the request\n{}", Step::Call(sent)));
                }
                if outcome.is_err() && bytes != sent {
                    return Err(format!("{outcome:?} changed the request\n{}", Step::Call(sent)));
                }
                outcome
            }
        };
        self.count(Kind::Tph, outcome);
        Ok(())
    }

    /// The request lies in a BAR, of this device or another: copying it takes what a page fault takes.
    fn tph_in_memory_of_a_device(&mut self, open: &Open, bytes: &[u8]) {
        let users = self.fire.sites.iter().filter_map(super::Site::user);
        let Some(other) = users.into_iter().find(|user| user.memory.is_some()) else {
            return;
        };
        if let Some(memory) = &other.memory {
            let of = if self.random.once_in(2) { open } else { &*other };
            let outcome = memory.call_tph(&of.function, bytes);
            self.count(Kind::Tph, outcome);
        }
    }

    /// Dma-bufs come, get tags, are asked about and go.
    fn buffers(&mut self, open: &Open) -> Result<(), String> {
        for _ in 0..if self.exports { self.fire.in_a_row } else { 1 } {
            match self.random.below(12) {
                0 if self.exports => {
                    if let Ok(buffer) = export(&open.function) {
                        let mut buffers = open.buffers();
                        if buffers.len() >= BUFFERS {
                            let place = self.random.place(BUFFERS);
                            let _ = buffers.swap_remove(place);
                        }
                        buffers.push(buffer);
                    }
                }
                1..=5 => self.query(open)?,
                _ => self.set(open),
            }
        }
        Ok(())
    }

    /// The number of a dma-buf of the device, or of something else.
    fn descriptor(&mut self, open: &Open) -> i32 {
        let buffers = open.buffers();
        let bad = self.random.pick(&[-1, 0, 1, 3, 5, 100, i32::MAX, i32::MIN]);
        if buffers.is_empty() || self.random.once_in(8) {
            return bad;
        }
        buffers[self.random.place(buffers.len())].as_fd().as_raw_fd()
    }

    fn query(&mut self, open: &Open) -> Result<(), String> {
        let descriptor = self.descriptor(open);
        let bytes = request::query(&mut self.random, descriptor);
        self.tph(open, bytes)
    }

    fn set(&mut self, open: &Open) {
        let descriptor = self.descriptor(open);
        let mut bytes = request::set(&mut self.random, descriptor, self.number);
        let place = match self.random.below(24) {
            0 | 1 => Place::Cut(1 + self.random.place(12)),
            2 => Place::ReadOnly,
            3 => Place::Null,
            _ => Place::Whole,
        };
        let outcome = match place {
            Place::Whole => raw::call(&open.function, Ioctl::Feature, &mut bytes).0,
            place => self.room.call(&open.function, Ioctl::Feature, &mut bytes, place),
        };
        self.count(Kind::DmaBufTph, outcome);
    }

    fn interrupts(&mut self, open: &Open, vectors: u16) {
        let events: Vec<i32> = self.events.iter().map(AsRawFd::as_raw_fd).collect();
        let mut bytes = request::set_irqs(&mut self.random, vectors, &events);
        let function = &open.function;
        let outcome = match (self.random.below(8), &open.registers) {
            (0, Some(registers)) => registers.touch(function),
            (1, _) => self.room.call(function, Ioctl::SetIrqs, &mut bytes, Place::Null),
            (2 | 3, _) => {
                self.fire.shared_irqs.call(function, Ioctl::SetIrqs, &mut bytes, Place::Whole)
            }
            _ => self.room.call(function, Ioctl::SetIrqs, &mut bytes, Place::Whole),
        };
        self.count(Kind::SetIrqs, outcome);
    }

    /// What any driver does.
    fn look(&mut self, open: &Open) {
        let function = &open.function;
        let outcome = match self.random.below(5) {
            0 => {
                let offset = u64::from(self.random.below(0x1000) & !3);
                handed_on(function.read_region(CONFIG, offset, &mut [0; 4]))
            }
            1 => handed_on(function.read_region(0, 0, &mut [0; 4])),
            2 => handed_on(function.write_region(0, 0x20, &[0; 4])),
            3 => {
                let flags = self.random.below(16) | feature::PROBE | feature::SET;
                let mut bytes = [8, flags].map(u32::to_ne_bytes).concat();
                self.room.call(function, Ioctl::Feature, &mut bytes, Place::Whole)
            }
            _ => {
                let mut bytes = [24, 0, 0, 0, 0, 0].map(u32::to_ne_bytes).concat();
                let ioctl = self.random.pick(&[Ioctl::GetInfo, Ioctl::Unknown24]);
                self.room.call(function, ioctl, &mut bytes, Place::Whole)
            }
        };
        self.count(Kind::HandedOn, outcome);
    }
}

/// As an ioctl would say it.
fn handed_on<T>(outcome: Result<T, vfio_tph::Error>) -> Result<u32, i32> {
    outcome.map(|_| 0).map_err(|error| error.errno().map_or(5, |errno| errno.0))
}
