//! Batches: whole or nothing, whichever access fails.
//!
//! The input makes a table and a batch. The batch is sent again and again from the same state, each
//! time with another access of it failing, or with the function gone from there on. Afterwards
//! either nothing has changed, or the entries of the batch are 0, or TPH is off; what is said of
//! entries is true; and once the function answers again, the same batch can be carried out.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arbitrary::Unstructured;
use tph::{CpuId, Entry, MemoryType, Programmed, RequesterEnable, RequesterType, StIndex, StMode};
use tph::{TagSource, TagWord};
use tph_abi::{EntriesRequest, Errno, Operation, StRequest, client, layout};
use tph_emu::profile::word_of;
use tph_emu::{Caller, EmuDevice, FunctionId, Host, Injection, Interrupt, Profile, SharedHost};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "atomic", run, longest: 96, slice: 10_000 };

const BATCH: u32 = 8;
const CPUS: u32 = 16;
const ENTRIES: u16 = 16;

thread_local! {
    static BENCHES: RefCell<[Bench; 2]> = RefCell::new([1, 2].map(Bench::new));
}

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let place = usize::from(any::<bool>(&mut input));
    let (before, batch) = (entries(&mut input), entries(&mut input));
    BENCHES.with_borrow_mut(|benches| benches[place].run(&before, &batch));
}

fn entries(input: &mut Unstructured<'_>) -> Vec<Entry> {
    let entry = |input: &mut Unstructured<'_>| {
        let (index, form): (u8, u8) = (any(input), any(input));
        let memory = if form & 1 == 0 { MemoryType::Volatile } else { MemoryType::Persistent };
        let cpu = CpuId(u32::from(form >> 3) % CPUS);
        let clears = form & 6 == 0;
        let source = if clears { TagSource::Clear } else { TagSource::Cpu { cpu, memory } };
        Entry { index: StIndex(u16::from(index) % ENTRIES), source }
    };
    let count = 1 + below(input, BATCH);
    (0..count).map(|_| entry(input)).collect()
}

/// A function whose table lies in one of the places where it can lie.
struct Bench {
    host: SharedHost,
    function: FunctionId,
    words: Vec<TagWord>,
    device: Option<EmuDevice>,
}

/// All that can be seen of the table.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    on: bool,
    tags: Vec<u16>,
    programmed: Vec<Option<Programmed>>,
}

impl Bench {
    fn new(location: u8) -> Self {
        let mut profile = Profile::demo();
        let function = &mut profile.functions[0];
        let tph = function.tph.as_mut().expect("the demonstration is about it");
        (tph.location, tph.entries, function.msix_vectors) = (location, ENTRIES, ENTRIES);
        let firmware = profile.firmware.as_ref().expect("it names tags");
        let words = (0..CPUS).map(|cpu| word_of(&profile, firmware, cpu)).collect();
        let host = SharedHost::new(Host::new(&profile));
        let function = host.lock().functions().map(|(id, _)| id).next().expect("it has one");
        Self { host, function, words, device: None }
    }

    fn run(&mut self, before: &[Entry], batch: &[Entry]) {
        let start = self.start(before);
        let counted = |counts: tph_emu::AccessCounts| {
            counts.config_reads + counts.config_writes + counts.msix_tag_writes
        };
        self.host.lock().endpoint_mut(self.function).take_counts();
        self.program(batch).expect("all entries are in order");
        let accesses = counted(self.host.lock().endpoint_mut(self.function).take_counts());
        let done = self.see();
        self.check(&done, &self.wanted(&start.tags, batch));
        for after in 0..u32::try_from(accesses).expect("a batch takes few accesses") {
            for injection in [Injection::FailOnce { after }, Injection::Gone { after }] {
                assert_eq!(self.start(before), start);
                self.inject(injection);
                let errno = self.program(batch).expect_err("an access failed");
                let gone = matches!(injection, Injection::Gone { .. });
                assert_eq!(errno, if gone { Errno::ENODEV } else { Errno::EIO });
                self.failed(&start, batch, gone);
                self.inject(Injection::None);
                self.again(&start, batch);
            }
        }
    }

    /// The state that the batch finds: opened anew, on, `before` programmed.
    fn start(&mut self, before: &[Entry]) -> Seen {
        self.device = None;
        let device = EmuDevice::open(&self.host, self.function, Caller::anywhere());
        let device = self.device.insert(device.expect("it opens"));
        for vector in 0..ENTRIES {
            let counter: Box<dyn Interrupt> = Box::new(Arc::new(AtomicU64::new(0)));
            device.set_interrupt(StIndex(vector), Some(counter)).expect("it has the vector");
        }
        client::enable(device, StMode::DeviceSpecific).expect("it has the mode");
        self.program(before).expect("all entries are in order");
        let seen = self.see();
        self.check(&seen, &self.wanted(&[0; ENTRIES as usize], before));
        seen
    }

    fn inject(&self, injection: Injection) {
        self.host.lock().endpoint_mut(self.function).inject(injection);
    }

    fn program(&mut self, batch: &[Entry]) -> Result<(), Errno> {
        let mut bytes = vec![0; layout::st_size(batch.len())];
        let mut request = StRequest::new(Operation::SetSt, &mut bytes).expect("it has its size");
        for (position, entry) in batch.iter().enumerate() {
            request.set(position, *entry);
        }
        client::call(self.device.as_mut().expect("it is open"), &mut request)
    }

    /// What a batch makes of a table.
    fn wanted(&self, before: &[u16], batch: &[Entry]) -> Vec<u16> {
        let mut tags = before.to_vec();
        for entry in batch {
            tags[usize::from(entry.index.0)] = match entry.source {
                TagSource::Clear => 0,
                TagSource::Cpu { cpu, memory } => self.tag(cpu, memory),
            };
        }
        tags
    }

    fn tag(&self, cpu: CpuId, memory: MemoryType) -> u16 {
        let tag = self.words[cpu.0 as usize].tag(memory, RequesterType::ExtendedTph);
        tag.expect("all are valid").entry_bits()
    }

    fn see(&mut self) -> Seen {
        let indices: Vec<StIndex> = (0..ENTRIES).map(StIndex).collect();
        let mut bytes = vec![0; layout::st_size(indices.len())];
        let mut request = EntriesRequest::new(&indices, &mut bytes).expect("it has its size");
        // Touches no register: it is answered whatever the function does.
        client::entries(self.device.as_mut().expect("it is open"), &mut request).expect("it has");
        let programmed = (0..indices.len()).map(|at| request.programmed(at)).collect();
        let host = self.host.lock();
        let endpoint = host.endpoint(self.function);
        let control = endpoint.control().expect("it has the capability");
        let tags = indices.iter().map(|index| endpoint.st_entry(*index).unwrap_or(0)).collect();
        Seen { on: control.enable() != RequesterEnable::Off, tags, programmed }
    }

    /// TPH is on with this table, and what is said of it is true.
    fn check(&self, seen: &Seen, tags: &[u16]) {
        assert!(seen.on);
        assert_eq!(seen.tags, tags);
        for (programmed, tag) in seen.programmed.iter().zip(tags) {
            let said = programmed.map_or(0, |it| self.tag(it.cpu, it.memory));
            assert_eq!(said, *tag);
        }
    }

    /// After a failure, with the function as it was left.
    fn failed(&mut self, start: &Seen, batch: &[Entry], gone: bool) {
        let seen = self.see();
        if seen == *start {
            return;
        }
        let cleared = self.wanted(&start.tags, &cleared(batch));
        // What is not in use any more is what the batch was about, and nothing else.
        for (index, (now, then)) in seen.programmed.iter().zip(&start.programmed).enumerate() {
            let meant = batch.iter().any(|entry| usize::from(entry.index.0) == index);
            assert_eq!(*now, if meant { None } else { *then });
        }
        if !gone {
            // One access failed: whatever undoes the batch was able to.
            assert_eq!(seen.tags, cleared);
        } else if seen.tags != cleared {
            // Not even that could be written: TPH counts as off, and turning it on begins with it.
            let request = self.program(batch);
            assert_eq!(request, Err(Errno::EINVAL), "it counts as on");
        }
    }

    /// The function answers again: TPH can be on, and the batch be carried out. Entries that it is
    /// not about are as they were, or empty.
    fn again(&mut self, start: &Seen, batch: &[Entry]) {
        let device = self.device.as_mut().expect("it is open");
        match client::enable(device, StMode::DeviceSpecific) {
            Ok(()) | Err(Errno::EBUSY) => {}
            Err(errno) => panic!("it cannot be turned on again: {errno}"),
        }
        self.program(batch).expect("all entries are in order");
        let seen = self.see();
        let meant = self.wanted(&[0; ENTRIES as usize], batch);
        let was = meant.iter().zip(&start.tags);
        for (index, (tag, (meant, before))) in seen.tags.iter().zip(was).enumerate() {
            let named = batch.iter().any(|entry| usize::from(entry.index.0) == index);
            let allowed = if named { [*meant; 2] } else { [*before, 0] };
            assert!(allowed.contains(tag), "entry {index}: {tag:#x}");
        }
        self.check(&seen, &seen.tags);
    }
}

/// The same entries, without tags.
fn cleared(batch: &[Entry]) -> Vec<Entry> {
    batch.iter().map(|entry| Entry { source: TagSource::Clear, ..*entry }).collect()
}
