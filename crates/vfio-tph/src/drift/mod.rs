//! What of a plan is no longer so: the table, interrupts, threads and CPUs, compared with what was
//! planned.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use tph::{Bdf, CpuId, RequesterEnable, StIndex, StMode, StTable};

use crate::{CpuSet, Error, FunctionView, Host, Plan, TableState, Thread, Topology, TphView};
use crate::{Unreadable, VectorAffinity};

/// What is to be seen of a device and of those who use it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The function, with its registers as far as this user may read them.
    pub function: FunctionView,
    /// What the module says.
    pub state: Option<TableState>,
    /// The CPUs.
    pub topology: Topology,
    /// The vectors that are set up.
    pub vectors: Vec<VectorAffinity>,
    /// A process and its threads, if one is to be compared.
    pub threads: Option<(u32, Vec<Thread>)>,
}

/// Something that is not as it was planned. It reads as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// TPH is off.
    Off {
        /// The driver that has the device.
        driver: Option<String>,
    },
    /// TPH is on in another mode.
    OtherMode {
        /// The mode, `None` for a reserved one.
        found: Option<StMode>,
        /// The mode of the plan.
        planned: StMode,
    },
    /// An entry that is to hold a tag is 0. (A tag that is 0 looks the same.)
    EmptyEntry {
        /// Which entry.
        index: StIndex,
        /// Whose tag it is to hold.
        cpu: CpuId,
    },
    /// An entry that is not of the plan holds a tag.
    StrayEntry {
        /// Which entry.
        index: StIndex,
        /// What it holds.
        bits: u16,
    },
    /// Another number of entries than planned holds a tag.
    EntryCount {
        /// How many do.
        found: u16,
        /// How many should.
        planned: usize,
    },
    /// A CPU of the plan does not run.
    CpuNotOnline {
        /// Which.
        cpu: CpuId,
        /// The queues that it polls.
        queues: Vec<u32>,
    },
    /// A queue interrupts another CPU than the one that it is steered to.
    Interrupt {
        /// Which queue.
        queue: u32,
        /// Its vector.
        vector: StIndex,
        /// The kernel's number of it.
        irq: u32,
        /// Where it goes.
        found: CpuSet,
        /// The CPU of the plan.
        planned: CpuId,
    },
    /// The vector of a queue is not set up, though others are.
    NoVector {
        /// Which queue.
        queue: u32,
        /// Its vector.
        vector: StIndex,
        /// How many are set up.
        vectors: usize,
    },
    /// No thread of the process is pinned to a CPU of the plan.
    NoThread {
        /// The process.
        process: u32,
        /// The CPU.
        cpu: CpuId,
        /// The queues that it polls.
        queues: Vec<u32>,
    },
}

/// Something that could not be compared. It reads as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCompared {
    /// Neither the registers nor the module tell whether TPH is on.
    Mode {
        /// Why the registers do not.
        why: Unreadable,
    },
    /// Which entries hold a tag is not to be seen, only how many.
    WhichEntries,
    /// The entries are not to be seen at all.
    Entries,
    /// Queues have vectors in the plan, and no vector is set up.
    Vectors,
    /// The host does not tell where an interrupt goes.
    Interrupt {
        /// The queue.
        queue: u32,
        /// The kernel's number of it.
        irq: u32,
    },
}

/// How a plan and what is to be seen differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// What is not as it was planned.
    pub drifts: Vec<Drift>,
    /// What could not be compared.
    pub not_compared: Vec<NotCompared>,
}

impl Seen {
    /// A function and CPUs, of which nothing more is known.
    pub fn new(function: FunctionView, topology: Topology) -> Self {
        Self { function, state: None, topology, vectors: Vec::new(), threads: None }
    }
}

impl Host {
    /// What [`Plan::drift`] compares with: the function at `address`, and the threads of `process`.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`], [`Error::Sysfs`], [`Error::Process`].
    pub fn see(&self, address: Bdf, process: Option<u32>) -> Result<Seen, Error> {
        let threads = process.map(|process| Ok::<_, Error>((process, self.threads(process)?)));
        Ok(Seen {
            function: self.function(address)?,
            state: self.table_state(address),
            topology: self.topology(),
            vectors: self.vector_affinity(address),
            threads: threads.transpose()?,
        })
    }
}

impl Plan {
    /// Compares the plan, carried out in `mode`, with what is to be seen.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use vfio_tph::{CpuId, Drift, Host, Plan, Queue, StMode};
    ///
    /// # let tree = tph_lab_hosts::known::demo();
    /// # let host = Host::saved(tree.path());
    /// // On this machine: `let host = Host::default();`
    /// let plan = Plan::new(64, &host.topology(), &[Queue::new(0, CpuId(3))])?;
    /// let seen = host.see("0000:01:00.0".parse()?, None)?;
    /// for drift in plan.drift(StMode::DeviceSpecific, &seen).drifts {
    ///     println!("{drift}"); // Here: nobody has carried it out.
    /// #   assert!(matches!(drift, Drift::Off { .. }), "{drift}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn drift(&self, mode: StMode, seen: &Seen) -> Comparison {
        let mut comparison = Comparison::default();
        comparison.table(self, mode, seen);
        comparison.cpus(self, seen);
        comparison.vectors(self, mode, seen);
        comparison.threads(self, seen);
        comparison
    }

    /// The queues of each CPU.
    fn queues_of_cpus(&self) -> BTreeMap<CpuId, Vec<u32>> {
        let mut of_cpu = BTreeMap::<_, Vec<_>>::new();
        for planned in &self.queues {
            of_cpu.entry(planned.queue.cpu).or_default().push(planned.queue.number);
        }
        of_cpu
    }
}

impl Comparison {
    fn table(&mut self, plan: &Plan, planned: StMode, seen: &Seen) {
        let registers = seen.function.tph();
        let on = match (registers.and_then(|tph| tph.control), seen.state) {
            (Some(control), _) if control.enable() == RequesterEnable::Off => State::Off,
            (Some(control), _) => State::On(control.mode()),
            (None, Some(state)) => state.mode.map_or(State::Off, |mode| State::On(Some(mode))),
            (None, None) => match seen.function.tph {
                Err(why) => return self.not_compared.push(NotCompared::Mode { why }),
                Ok(_) => State::Off,
            },
        };
        match on {
            State::Off => {
                let driver = seen.function.driver.clone();
                return self.drifts.push(Drift::Off { driver });
            }
            State::On(found) if found != Some(planned) => {
                self.drifts.push(Drift::OtherMode { found, planned });
            }
            State::On(_) => {}
        }
        match (registers, seen.state) {
            (Some(tph), _) if matches!(tph.capability.table, Ok(StTable::Capability { .. })) => {
                self.entries(plan, tph);
            }
            (_, Some(state)) => {
                let (found, planned) = (state.entries_in_use, plan.entries.len());
                if usize::from(found) == planned {
                    self.not_compared.push(NotCompared::WhichEntries);
                } else {
                    self.drifts.push(Drift::EntryCount { found, planned });
                }
            }
            _ => self.not_compared.push(NotCompared::Entries),
        }
    }

    fn entries(&mut self, plan: &Plan, tph: &TphView) {
        let planned: BTreeMap<_, _> =
            plan.entries.iter().map(|entry| (entry.index, entry.cpu)).collect();
        let empty = planned
            .iter()
            .filter(|(index, _)| tph.entries.get(usize::from(index.0)).copied().unwrap_or(0) == 0);
        let empty = empty.map(|(index, cpu)| Drift::EmptyEntry { index: *index, cpu: *cpu });
        self.drifts.extend(empty);
        let held = (0..).map(StIndex).zip(tph.entries.iter().copied());
        let stray = held.filter(|(index, bits)| *bits != 0 && !planned.contains_key(index));
        self.drifts.extend(stray.map(|(index, bits)| Drift::StrayEntry { index, bits }));
    }

    fn cpus(&mut self, plan: &Plan, seen: &Seen) {
        let online = seen.topology.online();
        let queues = plan.queues_of_cpus();
        let named: BTreeSet<_> =
            plan.entries.iter().map(|entry| entry.cpu).chain(queues.keys().copied()).collect();
        let off = named.into_iter().filter(|cpu| !online.contains(*cpu));
        self.drifts.extend(off.map(|cpu| {
            let queues = queues.get(&cpu).cloned().unwrap_or_default();
            Drift::CpuNotOnline { cpu, queues }
        }));
    }

    fn vectors(&mut self, plan: &Plan, mode: StMode, seen: &Seen) {
        let with_vector = plan.queues.iter().filter_map(|planned| {
            let queue = planned.queue;
            let tied = queue.tied_to.filter(|_| mode == StMode::InterruptVector);
            Some((queue, queue.vector.or(tied)?))
        });
        let with_vector: Vec<_> = with_vector.collect();
        if seen.vectors.is_empty() {
            if !with_vector.is_empty() {
                self.not_compared.push(NotCompared::Vectors);
            }
            return;
        }
        for (queue, vector) in with_vector {
            let Some(found) = seen.vectors.iter().find(|known| known.vector == vector) else {
                let vectors = seen.vectors.len();
                self.drifts.push(Drift::NoVector { queue: queue.number, vector, vectors });
                continue;
            };
            let (queue, planned, irq) = (queue.number, queue.cpu, found.irq);
            match &found.cpus {
                None => self.not_compared.push(NotCompared::Interrupt { queue, irq }),
                Some(cpus) if cpus.len() == 1 && cpus.contains(planned) => {}
                Some(cpus) => {
                    let found = cpus.clone();
                    self.drifts.push(Drift::Interrupt { queue, vector, irq, found, planned });
                }
            }
        }
    }

    fn threads(&mut self, plan: &Plan, seen: &Seen) {
        let Some((process, threads)) = &seen.threads else { return };
        let pinned: BTreeSet<_> = threads.iter().filter_map(Thread::pinned_to).collect();
        let without = plan.queues_of_cpus().into_iter().filter(|(cpu, _)| !pinned.contains(cpu));
        let process = *process;
        self.drifts.extend(without.map(|(cpu, queues)| Drift::NoThread { process, cpu, queues }));
    }
}

/// Whether the requester is on.
enum State {
    Off,
    /// The mode may be a reserved value.
    On(Option<StMode>),
}

#[cfg(test)]
mod tests;
