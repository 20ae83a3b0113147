//! The dispatcher of the ABI: requests to an emulated function, compared with a naive model.
//!
//! The input chooses one of the hosts, then steps: requests that are in order, spoiled or mere bytes,
//! vectors set up and freed, resets, other rights of the caller, closing and opening. After each step
//! errno, reply and control register must be those of the `Model`, at the end every entry too.

mod facts;
mod model;
mod request;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arbitrary::Unstructured;
use tph::StIndex;
use tph_abi::{Errno, Transport};
use tph_emu::{Caller, DirectTags, EmuDevice, FunctionId, Host, Interrupt, Profile, SharedHost};

use super::{any, below};
use crate::Target;
use model::Model;

/// The target.
pub const TARGET: Target = Target { name: "dispatcher", run, longest: 256, slice: 200_000 };

/// Vectors of functions that have more: the model looks at each after every input.
const MOST_VECTORS: u16 = 24;
/// CPUs that a caller may be held to.
const CPUS: u32 = 16;

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

fn run(bytes: &[u8]) {
    BENCH.with_borrow_mut(|bench| bench.run(&mut Unstructured::new(bytes)));
}

/// The hosts, made once.
struct Bench {
    subjects: Vec<Subject>,
    request: Vec<u8>,
}

/// One function of one host, as it is and as it should be.
struct Subject {
    host: SharedHost,
    function: FunctionId,
    device: Option<EmuDevice>,
    model: Model,
}

impl Bench {
    fn new() -> Self {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/tph-emu/tests/profiles");
        let mut files: Vec<_> = folder.read_dir().unwrap().map(|it| it.unwrap().path()).collect();
        files.sort();
        let read = files.iter().map(|file| Profile::read(file).unwrap());
        let profiles = std::iter::once(Profile::demo()).chain(read);
        Self { subjects: profiles.map(Subject::new).collect(), request: Vec::new() }
    }

    fn run(&mut self, input: &mut Unstructured<'_>) {
        let count = u32::try_from(self.subjects.len()).unwrap();
        let subject = &mut self.subjects[below(input, count) as usize];
        subject.start(any(input));
        while !input.is_empty() {
            subject.step(input, &mut self.request);
            subject.check_control();
        }
        subject.check_entries();
    }
}

impl Subject {
    fn new(mut profile: Profile) -> Self {
        let function = &mut profile.functions[0];
        function.msix_vectors = function.msix_vectors.min(MOST_VECTORS);
        let host = Host::new(&profile);
        let id = host.function_named(&profile.functions[0].name).unwrap();
        let host = SharedHost::new(host);
        Self { host, function: id, device: None, model: Model::new(&profile) }
    }

    /// The device as after opening, by a caller whom nobody restricts.
    fn start(&mut self, direct_tags: bool) {
        let switch = if direct_tags { DirectTags::Allowed } else { DirectTags::Refused };
        self.host.lock().set_direct_tags(switch);
        self.model.direct_tags = direct_tags;
        if self.device.is_none() || self.model.touched() {
            self.reopen();
        }
        self.set_caller(None, true);
    }

    fn reopen(&mut self) {
        self.device = None;
        let caller = caller(self.model.pinned, self.model.sys_nice);
        self.device = Some(EmuDevice::open(&self.host, self.function, caller).unwrap());
        self.model.reopen();
    }

    fn set_caller(&mut self, pinned: Option<u32>, sys_nice: bool) {
        if (pinned, sys_nice) != (self.model.pinned, self.model.sys_nice) {
            (self.model.pinned, self.model.sys_nice) = (pinned, sys_nice);
            self.device().set_caller(caller(pinned, sys_nice));
        }
    }

    fn device(&self) -> &EmuDevice {
        self.device.as_ref().expect("it is open")
    }

    fn step(&mut self, input: &mut Unstructured<'_>, request: &mut Vec<u8>) {
        match below(input, 32) {
            0 => {
                let pinned = any::<bool>(input).then(|| any::<u16>(input).into());
                self.set_caller(pinned, any(input));
            }
            1 => {
                let count = u16::try_from(below(input, u32::from(MOST_VECTORS) + 2)).unwrap();
                self.set_up_vectors(count);
            }
            2 => {
                let freed = self.device().free_interrupts();
                assert_eq!(freed, self.model.free_vectors());
            }
            3 => assert_eq!(self.device().reset(), Ok(())),
            4 => self.reopen(),
            _ => {
                request::make(input, &self.model.facts, request);
                self.call(request);
            }
        }
    }

    fn set_up_vectors(&mut self, count: u16) {
        for vector in 0..count {
            let counter: Box<dyn Interrupt> = Box::new(Arc::new(AtomicU64::new(0)));
            let set = self.device().set_interrupt(StIndex(vector), Some(counter));
            assert_eq!(set.is_ok(), self.model.set_up_vector(vector));
        }
    }

    fn call(&mut self, request: &mut [u8]) {
        let expected = self.model.answer(request);
        let answered = self.device.as_mut().expect("it is open").call(request);
        assert_eq!(answered, expected);
        // What failed says nothing: the bytes are as they were.
        assert_eq!(request, self.model.reply);
    }

    fn check_control(&self) {
        let host = self.host.lock();
        let control = host.endpoint(self.function).control();
        assert_eq!(control.map(|control| control.0), self.model.control());
    }

    fn check_entries(&self) {
        let host = self.host.lock();
        let endpoint = host.endpoint(self.function);
        for index in 0..self.model.facts.entries {
            let held = endpoint.st_entry(StIndex(index)).unwrap_or(0);
            assert_eq!(held, self.model.tag(index), "entry {index}");
        }
    }
}

fn caller(pinned: Option<u32>, sys_nice: bool) -> Caller {
    let cpus = |bits: u32| (0..CPUS).filter(|cpu| bits >> cpu & 1 != 0).collect();
    let caller = pinned.map_or_else(Caller::anywhere, |bits| Caller::on(cpus(bits)));
    if sys_nice { caller.with_sys_nice() } else { caller }
}

/// How a step ends.
type Outcome = Result<(), Errno>;
