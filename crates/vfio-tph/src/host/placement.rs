//! Who runs where: interrupts, the threads of a process, and what the module says of a table.

use std::io;

use tph::{Bdf, StIndex, StMode};

use super::{Host, place};
use crate::{CpuSet, Error};

/// An MSI or MSI-X vector of a function and the CPUs that it interrupts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VectorAffinity {
    /// Which vector: the kernel hands out its numbers of interrupts in the order of the vectors.
    pub vector: StIndex,
    /// The kernel's number of the interrupt.
    pub irq: u32,
    /// The CPUs that it goes to, of those that it may go to; `None` if the host does not tell.
    pub cpus: Option<CpuSet>,
}

/// A thread of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Thread {
    /// Its number.
    pub id: u32,
    /// What it calls itself.
    pub name: String,
    /// The CPUs that it may run on.
    pub cpus: CpuSet,
}

/// What the module says of TPH of a device. Everybody may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableState {
    /// The mode that its user set, `None` while it is off.
    pub mode: Option<StMode>,
    /// How many entries hold a tag other than 0.
    pub entries_in_use: u16,
}

impl Host {
    /// The vectors that are set up for the function at `address`, by number. None if there are none,
    /// or the host does not tell.
    pub fn vector_affinity(&self, address: Bdf) -> Vec<VectorAffinity> {
        let irqs = self.files.list(&place(address, "msi_irqs"));
        let mut irqs: Vec<u32> = irqs.iter().filter_map(|name| name.parse().ok()).collect();
        irqs.sort_unstable();
        let vector = |(vector, irq)| VectorAffinity {
            vector: StIndex(vector),
            irq,
            cpus: self.irq_cpus(irq),
        };
        (0..).zip(irqs).map(vector).collect()
    }

    /// Where it goes; before it is requested, where it may go.
    fn irq_cpus(&self, irq: u32) -> Option<CpuSet> {
        let files = ["effective_affinity_list", "smp_affinity_list"];
        let read = |file| CpuSet::parse(&self.files.text(&format!("/proc/irq/{irq}/{file}"))?);
        files.into_iter().filter_map(read).find(|cpus| !cpus.is_empty())
    }

    /// The threads of a process, by number.
    ///
    /// # Errors
    /// [`Error::Process`] if there is none, or this user may not look at it.
    pub fn threads(&self, process: u32) -> Result<Vec<Thread>, Error> {
        let fail = |source| Error::Process { process, source };
        let tasks = format!("/proc/{process}/task");
        let folder = self.files.path(&tasks).ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
        let mut threads = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name();
            let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            let status = self.files.unrecorded(&format!("{tasks}/{id}/status"));
            // One that has ended since is none.
            let thread = status.and_then(|text| thread(id, &String::from_utf8_lossy(&text)));
            threads.extend(thread);
        }
        threads.sort_unstable_by_key(|thread| thread.id);
        Ok(threads)
    }

    /// What the module says of TPH of the function at `address`; `None` unless the function is bound
    /// to the module.
    pub fn table_state(&self, address: Bdf) -> Option<TableState> {
        let mode = self.files.text(&place(address, "tph/mode"))?;
        let mode = StMode::ALL.into_iter().find(|known| known.to_string() == mode);
        let entries_in_use = self.files.number(&place(address, "tph/entries_in_use"))?;
        Some(TableState { mode, entries_in_use })
    }
}

fn thread(id: u32, status: &str) -> Option<Thread> {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
    };
    let cpus = CpuSet::parse(field("Cpus_allowed_list")?)?;
    Some(Thread { id, name: field("Name")?.to_owned(), cpus })
}

impl Thread {
    /// The CPU that it is pinned to, if it may run on one only.
    pub fn pinned_to(&self) -> Option<tph::CpuId> {
        let mut cpus = self.cpus.iter();
        cpus.next().filter(|_| cpus.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tph::CpuId;
    use tph_lab_hosts::Tree;

    const DEVICE: &str = "/sys/bus/pci/devices/0000:01:00.0";

    fn address() -> Bdf {
        "1:0.0".parse().unwrap()
    }

    #[test]
    fn vectors_are_counted_in_the_order_of_their_interrupts() {
        let tree = Tree::new();
        for (irq, effective, may) in [(9, "3", "0-7"), (10, "", "4"), (101, "7", "7")] {
            tree.file(&format!("{DEVICE}/msi_irqs/{irq}"), "msix")
                .file(&format!("/proc/irq/{irq}/effective_affinity_list"), effective)
                .file(&format!("/proc/irq/{irq}/smp_affinity_list"), may);
        }
        tree.file(&format!("{DEVICE}/msi_irqs/102"), "msix");
        let vectors = Host::saved(tree.path()).vector_affinity(address());
        let seen: Vec<_> = vectors
            .iter()
            .map(|it| (it.vector.0, it.irq, it.cpus.as_ref().map(ToString::to_string)))
            .collect();
        let cpu = |cpu: &str| Some(cpu.to_owned());
        assert_eq!(seen, [(0, 9, cpu("3")), (1, 10, cpu("4")), (2, 101, cpu("7")), (3, 102, None)]);
    }

    #[test]
    fn threads_say_where_they_may_run() {
        let tree = Tree::new();
        let status = |name, cpus| format!("Name:\t{name}\nPid:\t1\nCpus_allowed_list:\t{cpus}");
        tree.file("/proc/42/task/43/status", &status("poll 1", "5"))
            .file("/proc/42/task/42/status", &status("main", "0-7"))
            .file("/proc/42/task/44/status", "Name:\tgone");
        let host = Host::saved(tree.path());
        let threads = host.threads(42).unwrap();
        let seen: Vec<_> =
            threads.iter().map(|it| (it.id, it.name.as_str(), it.pinned_to())).collect();
        assert_eq!(seen, [(42, "main", None), (43, "poll 1", Some(CpuId(5)))]);
        let error = host.threads(7).unwrap_err();
        assert_eq!(error.to_string(), "process 7: there is no such process here");
        assert_eq!(error.advice().unwrap().to_string(), "See which there are: ps -e.");
    }

    #[test]
    fn this_very_process_has_threads() {
        let threads = Host::default().threads(std::process::id()).unwrap();
        assert!(threads.iter().all(|thread| !thread.cpus.is_empty()) && !threads.is_empty());
    }

    #[test]
    fn the_module_says_mode_and_number() {
        let tree = Tree::new();
        assert_eq!(Host::saved(tree.path()).table_state(address()), None);
        for (mode, expected) in [("off", None), ("interrupt-vector", Some(StMode::InterruptVector))]
        {
            tree.file(&format!("{DEVICE}/tph/mode"), mode)
                .file(&format!("{DEVICE}/tph/entries_in_use"), "5");
            let state = TableState { mode: expected, entries_in_use: 5 };
            assert_eq!(Host::saved(tree.path()).table_state(address()), Some(state));
        }
    }
}
