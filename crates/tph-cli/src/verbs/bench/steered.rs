//! What is steered where.

use tph::{CpuId, StIndex, StMode, TagSource};
use vfio_tph::CpuSet;

use super::args::BenchArgs;
use crate::failure::Failure;
use crate::verbs::apply::read;

/// Entries, and the CPUs that read what is sent with their tags.
#[derive(Clone, Debug, Default)]
pub(super) struct Steered {
    /// None if somebody else steers.
    pub(super) mode: Option<StMode>,
    pub(super) batch: Vec<(StIndex, TagSource)>,
    /// Each queue's entry, and the CPU that polls the queue.
    pub(super) readers: Vec<(StIndex, CpuId)>,
}

impl Steered {
    /// What the options say.
    pub(super) fn of(args: &BenchArgs) -> Result<Self, Failure> {
        if let Some(path) = &args.who.plan {
            let file = read(path)?;
            let place = args.place.open()?;
            let named = place.address(&args.device)?;
            Failure::unless_same(named, path, place.address(&file.device)?)?;
            let queue =
                |(queue, entry): &(vfio_tph::Queue, Option<StIndex>)| Some(((*entry)?, queue.cpu));
            let mut readers: Vec<_> = file.queues.iter().filter_map(queue).collect();
            if readers.is_empty() {
                readers = file.entries.iter().map(|entry| (entry.index, entry.cpu)).collect();
            }
            return Ok(Self { mode: Some(file.mode.into()), batch: file.batch(), readers });
        }
        let source = |cpu| TagSource::Cpu { cpu, memory: args.memory.into() };
        let map = &args.who.map;
        Ok(Self {
            mode: args.mode.map(StMode::from),
            batch: map.iter().map(|steering| (steering.index, source(steering.cpu))).collect(),
            readers: map.iter().map(|steering| (steering.index, steering.cpu)).collect(),
        })
    }

    pub(super) fn indices(&self) -> Vec<StIndex> {
        self.batch.iter().map(|(index, _)| *index).collect()
    }

    /// The CPUs on which is counted: those that the options name, else those that read.
    pub(super) fn cpus(&self, args: &BenchArgs) -> CpuSet {
        let reading = || self.readers.iter().map(|(_, cpu)| *cpu).collect();
        args.cpus.clone().unwrap_or_else(reading)
    }
}
