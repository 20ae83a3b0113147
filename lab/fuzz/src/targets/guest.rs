//! A guest that means no good: writes of any width to configuration space and BARs of the emulated
//! endpoint, programs for its queues, memory that comes and goes.
//!
//! Registers that are read-only stay as they are. A packet lies in memory that is mapped, is no longer
//! than the link allows, crosses no page, and carries the hint that the registers call for, in the
//! structured record and in the bytes of its header.

use std::cell::RefCell;

use arbitrary::Unstructured;
use tph::tlp::{self, Framing, Hint};
use tph::{Control, ProcessingHint, RequesterEnable, StIndex, StMode, SteeringTag};
use tph_emu::engine::registers::{BlockRegister, STEERING_DIRECT, STEERING_PLACE, offset_of};
use tph_emu::engine::registers::{MAX_LENGTH, place_offset};
use tph_emu::profile::PowerManagement;
use tph_emu::{FunctionId, Host, Profile, SharedMemory};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "guest", run, longest: 256, slice: 50_000 };

const QUEUES: u16 = 8;
const VECTORS: u16 = 16;
const PLACES: u16 = 4;
/// Guest memory: pages from here on, of which every third has a neighbour that is not there.
const MEMORY: u64 = 0x10_0000;
const PAGE: u64 = 0x1000;
/// As many packets are kept.
const KEPT: usize = 1024;

thread_local! {
    static BENCHES: RefCell<[Bench; 2]> = RefCell::new([1, 2].map(Bench::new));
}

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let which = usize::from(any::<bool>(&mut input));
    BENCHES.with_borrow_mut(|benches| benches[which].run(&mut input));
}

struct Bench {
    host: Host,
    function: FunctionId,
    /// Configuration space that nobody has written to.
    fresh: [u32; 1024],
}

impl Bench {
    fn new(location: u8) -> Self {
        let mut profile = Profile::demo();
        let function = &mut profile.functions[0];
        let tph = function.tph.as_mut().expect("the demonstration is about it");
        (tph.location, tph.entries) = (location, VECTORS);
        (function.msix_vectors, function.queues, function.places) = (VECTORS, QUEUES, PLACES);
        (function.memory, function.bar_size) = (0x1000, 0x2000);
        function.power = PowerManagement::Resets;
        let host = Host::new(&profile);
        let function = host.functions().map(|(id, _)| id).next().expect("it has one");
        let fresh = config(&host, function);
        Self { host, function, fresh }
    }

    fn run(&mut self, input: &mut Unstructured<'_>) {
        let endpoint = self.host.endpoint_mut(self.function);
        endpoint.reset();
        endpoint.clear_record();
        endpoint.io_map_mut().clear();
        for page in (0..6).filter(|page| page % 3 != 2) {
            let memory = SharedMemory::new(PAGE as usize);
            let mapped = endpoint.io_map_mut().map(MEMORY + page * PAGE, Box::new(memory));
            mapped.expect("nothing is mapped there");
        }
        while !input.is_empty() {
            self.step(input);
        }
        self.read_only();
    }

    fn step(&mut self, input: &mut Unstructured<'_>) {
        let endpoint = self.host.endpoint_mut(self.function);
        match below(input, 16) {
            0..4 => {
                let near: [u32; 6] = [0x04, 0x48, 0x94, 0x108, 0x10c, 0x80];
                let offset = match below(input, 8) {
                    7 => below(input, 0x1000),
                    at => near.get(at as usize).map_or(0x10c, |at| at + below(input, 8)),
                };
                let data: [u8; 8] = any(input);
                let length = (1 + below(input, 8)).min(0x1000 - offset);
                let written = endpoint.config_write(offset.into(), &data[..length as usize]);
                written.expect("nothing is to fail");
            }
            4..6 => self.turn_on(input),
            6..9 => self.program(input),
            9..13 => self.ring(input),
            13 => {
                let bar = [0, 2, 4, any::<u8>(input)][below(input, 4) as usize];
                let size = endpoint.bar_size(bar);
                let offset = below(input, size.max(1));
                let data: [u8; 16] = any(input);
                let length = below(input, 17).min(size - offset.min(size));
                let written = endpoint.bar_write(bar, offset.into(), &data[..length as usize]);
                assert_eq!(written.is_ok(), size > 0);
                let mut read = [0; 16];
                let read = endpoint.bar_read(bar, offset.into(), &mut read[..length as usize]);
                assert_eq!(read.is_ok(), size > 0);
            }
            14 => {
                let iova = MEMORY + u64::from(any::<u16>(input));
                endpoint.io_map_mut().unmap(iova, any(input));
            }
            _ => endpoint.reset(),
        }
    }

    /// What a driver writes before packets can carry a hint.
    fn turn_on(&mut self, input: &mut Unstructured<'_>) {
        let endpoint = self.host.endpoint_mut(self.function);
        let control = below(input, 8) | below(input, 4) << 8;
        for (offset, value) in [(0x04, 6), (0x108, control)] {
            endpoint.config_write(offset, &value.to_le_bytes()).expect("nothing is to fail");
        }
        let place = u16::try_from(below(input, u32::from(PLACES))).unwrap();
        let tag: u32 = any(input);
        let written = endpoint.bar_write(0, place_offset(place), &tag.to_le_bytes());
        written.expect("it has the BAR");
    }

    /// A register of a queue.
    fn program(&mut self, input: &mut Unstructured<'_>) {
        let queue = u16::try_from(below(input, u32::from(QUEUES) + 1)).unwrap();
        let steering = [0, STEERING_DIRECT, STEERING_PLACE, any(input)][below(input, 4) as usize];
        let small = below(input, 24);
        let (register, value) = match below(input, 8) {
            0 => (BlockRegister::TargetLow, MEMORY as u32 + below(input, 7 * PAGE as u32)),
            1 => (BlockRegister::TargetHigh, if small == 0 { any(input) } else { 0 }),
            2 => (BlockRegister::Length, 1 + below(input, 3 * PAGE as u32)),
            3 => (BlockRegister::Length, [0, MAX_LENGTH, u32::MAX, any(input)][small as usize % 4]),
            4 => (BlockRegister::Steering, steering | small),
            5 => (BlockRegister::Hint, any(input)),
            6 => (BlockRegister::Vector, small | u32::from(any::<bool>(input)) << 31),
            _ => (BlockRegister::TargetLow, any(input)),
        };
        let endpoint = self.host.endpoint_mut(self.function);
        let written = endpoint.bar_write(0, offset_of(queue, register), &value.to_le_bytes());
        written.expect("it has the BAR");
    }

    /// Rings a doorbell, and looks at every packet that came of it.
    fn ring(&mut self, input: &mut Unstructured<'_>) {
        let queue = u16::try_from(below(input, u32::from(QUEUES))).unwrap();
        let before = self.host.last_packets(self.function).next_back().map(|last| last.sequence);
        let hint = self.hint(queue);
        let target = u64::from(self.register(queue, BlockRegister::TargetLow))
            | u64::from(self.register(queue, BlockRegister::TargetHigh)) << 32;
        let length = self.register(queue, BlockRegister::Length);
        let doorbells = self.register(queue, BlockRegister::Doorbells);
        let endpoint = self.host.endpoint_mut(self.function);
        let rung = endpoint.bar_write(0, offset_of(queue, BlockRegister::Doorbell), &[1; 4]);
        rung.expect("it has the BAR");
        assert_eq!(self.register(queue, BlockRegister::Doorbells), doorbells + 1);
        let status = self.register(queue, BlockRegister::Status);
        let most = self.host.endpoint(self.function).profile().max_payload;
        let (mut sent, mut at) = (0, target);
        let mut count = 0;
        for packet in self.host.last_packets(self.function) {
            if before.is_some_and(|last| packet.sequence <= last) {
                continue;
            }
            count += 1;
            let bytes = u64::from(packet.bytes);
            assert!(packet.bytes > 0 && packet.bytes <= most && packet.queue == queue);
            assert!(packet.address % PAGE + bytes <= PAGE, "a packet crosses a page");
            assert_eq!(packet.hint, hint);
            header(packet.header.as_bytes(), hint);
            if count < KEPT {
                assert!(at == packet.address || sent == 0 && count > 1);
            }
            at = packet.address + bytes;
            sent += bytes;
            if !packet.fault {
                assert!(mapped(packet.address), "{:#x} is no memory", packet.address);
            }
        }
        // Done means all of it, and everything else that not all of it was.
        if count < KEPT {
            let whole = sent == u64::from(length) && length > 0;
            assert!(status != 1 || whole, "status {status}, {sent} of {length} bytes");
            assert!((1..=4).contains(&status));
        }
    }

    fn register(&mut self, queue: u16, register: BlockRegister) -> u32 {
        let mut bytes = [0; 4];
        let endpoint = self.host.endpoint_mut(self.function);
        endpoint.bar_read(0, offset_of(queue, register), &mut bytes).expect("it has the BAR");
        u32::from_le_bytes(bytes)
    }

    /// The hint that docs/endpoint.md says, from registers as a guest reads them.
    fn hint(&mut self, queue: u16) -> Option<Hint> {
        let control = Control(self.host.config_dword(self.function, at(0x108)));
        let RequesterEnable::On(requester) = control.enable() else { return None };
        let steering = self.register(queue, BlockRegister::Steering);
        let vector = self.register(queue, BlockRegister::Vector) as u16;
        let processing = self.register(queue, BlockRegister::Hint);
        let entry = |bench: &Self, index| {
            bench.host.endpoint(bench.function).st_entry(StIndex(index)).unwrap_or(0)
        };
        let low = steering as u16;
        let bits = match control.mode()? {
            StMode::NoSt => 0,
            StMode::InterruptVector => entry(self, vector),
            StMode::DeviceSpecific if steering & STEERING_DIRECT != 0 => low,
            StMode::DeviceSpecific if steering & STEERING_PLACE != 0 => {
                if low == 0 || low >= PLACES {
                    return None;
                }
                let mut bytes = [0; 4];
                let endpoint = self.host.endpoint_mut(self.function);
                endpoint.bar_read(0, place_offset(low), &mut bytes).expect("it has the BAR");
                u32::from_le_bytes(bytes) as u16
            }
            StMode::DeviceSpecific => entry(self, low),
        };
        let tag = SteeringTag::from_entry_bits(bits, requester);
        Some(Hint::new(tag, ProcessingHint::from_low_bits(processing as u8)))
    }

    /// Only bits that a driver may write differ from those of a function that nobody has used.
    fn read_only(&self) {
        let now = config(&self.host, self.function);
        for (place, (now, fresh)) in (0_u16..).step_by(4).zip(now.iter().zip(&self.fresh)) {
            let changed = now ^ fresh;
            let mask: u32 = match place {
                0x04 => 0x0546,
                0x0c | 0x3c => 0xff,
                0x10 | 0x18 | 0x20 => 0xffff_f000,
                0x48 => 0x7fff,
                0x50 => 0x0fff,
                0x68 => 0xffff,
                0x80 => 0xc000_0000,
                0x94 => 3,
                0x108 => 0x307,
                0x10c..0x12c if fresh_table(&self.fresh) => u32::MAX,
                _ => 0,
            };
            assert_eq!(changed & !mask, 0, "{place:#x} was {fresh:#x}, is {now:#x}");
        }
    }
}

/// Whether the capability has the table.
fn fresh_table(fresh: &[u32; 1024]) -> bool {
    tph::Capability(fresh[0x104 / 4]).table_location() == tph::TableLocation::Capability
}

fn at(offset: u16) -> tph::ConfigOffset {
    tph::ConfigOffset::new(offset).expect("it is in the space")
}

fn config(host: &Host, function: FunctionId) -> [u32; 1024] {
    let mut place = (0..).step_by(4);
    [0; 1024].map(|_: u32| host.config_dword(function, at(place.next().unwrap())))
}

/// The header says what the record says.
fn header(bytes: &[u8], hint: Option<Hint>) {
    let (request, _) = tlp::decode(bytes, Framing::NonFlit).expect("it is a memory request");
    // A tag of 16 bits whose upper byte is 0 is not told from one of 8.
    let bits = |hint: Hint| (hint.tag.entry_bits(), hint.processing);
    assert_eq!(request.hint.map(bits), hint.map(bits));
}

/// Whether a page was mapped at first.
fn mapped(address: u64) -> bool {
    let page = address.checked_sub(MEMORY).map(|offset| offset / PAGE);
    page.is_some_and(|page| page < 6 && page % 3 != 2)
}
