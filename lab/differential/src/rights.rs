//! The rights of who makes a request.

use std::fmt;

/// Which CPUs the process may run on, and whether it may place threads elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rights {
    /// A bit for each of the first 64 CPUs; `None` for all that there are.
    pub cpus: Option<u64>,
    /// `CAP_SYS_NICE`.
    pub sys_nice: bool,
}

impl Rights {
    /// Those of a process that nobody restricts.
    pub const ALL: Self = Self { cpus: None, sys_nice: true };

    /// The numbers of the CPUs, if they are restricted.
    pub fn cpu_numbers(self) -> Option<Vec<u32>> {
        self.cpus.map(|bits| (0..64).filter(|cpu| bits >> cpu & 1 != 0).collect())
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cpu_numbers() {
            None => f.write_str("any CPU")?,
            Some(cpus) => write!(f, "CPUs {cpus:?}")?,
        }
        write!(f, ", {} CAP_SYS_NICE", if self.sys_nice { "with" } else { "without" })
    }
}
