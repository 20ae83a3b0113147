//! A device under fire: open or not, and what its users made of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use tph_differential::Target;
use tph_lab_guest::raw::{BarRoom, LARGEST};
use tph_lab_guest::{Endpoint, Failure};
use vfio_tph::{DmaBuf, VfioFunction};

use super::Outcome;
use crate::differential::Known;

/// The BAR of the emulated endpoint's memory.
const MEMORY_BAR: u32 = 4;
/// How long a user may take with one sequence of requests.
const PATIENCE: Duration = Duration::from_secs(60);

/// A device, and what has to be known to aim at it.
pub(super) struct Site {
    pub(super) endpoint: Endpoint,
    pub(super) target: Target,
    open: RwLock<Option<Arc<Open>>>,
}

/// An open device. It is closed when the last user is done with it.
pub(super) struct Open {
    pub(super) function: VfioFunction,
    /// Its first registers.
    pub(super) registers: Option<BarRoom>,
    /// Its memory, if it has enough for any request.
    pub(super) memory: Option<BarRoom>,
    buffers: Mutex<Vec<DmaBuf>>,
}

impl Open {
    pub(super) fn buffers(&self) -> MutexGuard<'_, Vec<DmaBuf>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    pub(super) fn new(known: Known) -> Self {
        let target = Target::of(&known.profile, &known.function);
        Self { endpoint: known.endpoint, target, open: RwLock::new(None) }
    }

    /// The open device, for one user; none while it is closed.
    pub(super) fn user(&self) -> Option<Arc<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens it, if it is not.
    pub(super) fn open(&self) -> Outcome {
        if self.user().is_some() {
            return Ok(());
        }
        let function = VfioFunction::open(self.endpoint.address)?;
        let registers = BarRoom::new(&function, 0, 0x1000).ok();
        let large = function.region_size(MEMORY_BAR) >= LARGEST as u64;
        let memory = large.then(|| BarRoom::new(&function, MEMORY_BAR, LARGEST).ok()).flatten();
        let open = Open { function, registers, memory, buffers: Mutex::default() };
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(open));
        Ok(())
    }

    /// Closes it once its users are done with what they have begun; its dma-bufs go after it or before.
    pub(super) fn close(&self, buffers_first: bool) -> Outcome {
        let open = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut open) = open else { return Ok(()) };
        let began = Instant::now();
        let last = loop {
            match Arc::try_unwrap(open) {
                Ok(last) => break last,
                Err(shared) => open = shared,
            }
            if began.elapsed() > PATIENCE {
                let name = &self.endpoint.name;
                let failure = format!("{name}: a request has not ended after {PATIENCE:?}");
                return Err(Failure::from(failure));
            }
            thread::sleep(Duration::from_millis(1));
        };
        let Open { function, registers, memory, buffers } = last;
        let buffers = buffers.into_inner().unwrap_or_else(PoisonError::into_inner);
        if buffers_first {
            drop(buffers);
            drop((registers, memory));
            drop(function);
        } else {
            drop(function);
            drop((registers, memory));
            drop(buffers);
        }
        Ok(())
    }
}
