//! The load of an emulated host, and its counter: a driver rings the queues, the packets say what the CPUs miss.

use std::time::Duration;

use tph::{CpuId, StIndex};
use tph_emu::{EmuDevice, FunctionId, MissCounter, Scoreboard};

use super::instrument::{Absent, Instrument, Metric};
use crate::failure::Failure;
use crate::source::Emulated;
use crate::verbs::nic::Nic;

/// How often each queue is rung in a phase.
const DOORBELLS: u32 = 8;

pub(super) struct EmulatedLoad<'a> {
    host: &'a Emulated,
    id: FunctionId,
    nic: Nic<&'a EmuDevice>,
    /// The queues that are used.
    queues: u16,
    counter: MissCounter,
    before: (f64, u64),
}

impl<'a> EmulatedLoad<'a> {
    /// A load in which each of these CPUs reads a queue, which sends the tag of the entry beside it; or why nothing is
    /// counted.
    pub(super) fn open(
        host: &'a Emulated,
        id: FunctionId,
        device: &'a EmuDevice,
        steered: &[(StIndex, CpuId)],
    ) -> Result<Result<Self, Absent>, Failure> {
        let nic = Nic::open(device)?;
        let queues = (0..nic.queues()).zip(steered);
        for (queue, (entry, _)) in queues.clone() {
            nic.steer(queue, *entry)?;
        }
        let readers = queues.clone().map(|(queue, (_, cpu))| (queue, cpu.0));
        let counter = MissCounter::new(host.host().lock().profile(), readers);
        let queues = u16::try_from(queues.count()).unwrap_or(u16::MAX);
        let Some(counter) = counter else {
            let next = Some("Add a table [misses] to it: docs/profile.md.");
            let why = "the profile has no counter of misses";
            return Ok(Err(Absent::new("LLC-load-misses", why, next)));
        };
        Ok(Ok(Self { host, id, nic, queues, counter, before: (0.0, 0) }))
    }

    fn read(&mut self) -> (f64, u64) {
        let board: Scoreboard = self.host.host().lock().scoreboard(self.id);
        (self.counter.read(&board), board.queues.iter().map(|queue| queue.writes).sum())
    }
}

impl Instrument for EmulatedLoad<'_> {
    fn metrics(&self) -> Vec<Metric> {
        vec![Metric::new("LLC-load-misses", "per write", "emulated host")]
    }

    fn start(&mut self) -> Result<(), Failure> {
        self.before = self.read();
        Ok(())
    }

    /// The load runs here, at once: on an emulated host no time passes for it.
    fn stop(&mut self, _: Duration) -> Result<Vec<f64>, Failure> {
        for _ in 0..DOORBELLS {
            for queue in 0..self.queues {
                self.nic.write_all(queue)?;
            }
        }
        let (misses, writes) = self.read();
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let writes = (writes - self.before.1) as f64;
        Ok(vec![(misses - self.before.0) / writes])
    }
}
