//! Who makes a request.

use tph::CpuId;

use crate::profile::CpuList;

/// A process as far as its requests are judged by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    cpus: Option<CpuList>,
    places_threads: bool,
}

impl Caller {
    /// A process that may run on every CPU of the host.
    pub const fn anywhere() -> Self {
        Self { cpus: None, places_threads: false }
    }

    /// A process whose threads may run on these CPUs only.
    pub const fn on(cpus: CpuList) -> Self {
        Self { cpus: Some(cpus), places_threads: false }
    }

    /// The same process with `CAP_SYS_NICE`: it may place threads anywhere.
    #[must_use]
    pub fn with_sys_nice(mut self) -> Self {
        self.places_threads = true;
        self
    }

    pub(super) fn may_run_on(&self, cpu: CpuId) -> bool {
        self.cpus.as_ref().is_none_or(|cpus| cpus.contains(cpu.0))
    }

    pub(super) const fn may_place_threads(&self) -> bool {
        self.places_threads
    }
}
