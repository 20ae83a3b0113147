//! What the rules need of the world: one function, the port above it, firmware, CPUs.

use crate::{AccessError, AcpiUid, ConfigSpace, CpuId, DsmCall, FirmwareError, StIndex, StMode};

/// What the host knows of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuPresence {
    /// No CPU has this number.
    Absent,
    /// It exists and runs nothing.
    Offline,
    /// It runs.
    Online,
}

/// A function whose TPH is to be controlled, with its surroundings.
///
/// An implementation answers facts and carries out accesses; it decides nothing. It is made anew,
/// or told anew, for each caller: permission is asked of the process that makes the request.
pub trait Function: ConfigSpace {
    /// Whether the administrator has switched TPH off for the whole host (Linux: `pci=notph`), as
    /// far as the host can tell.
    fn switched_off(&mut self) -> bool {
        false
    }

    /// Has the host's own TPH support, if there is any, turn the requester on in `mode`, so that
    /// what the host remembers of the function stays true: it saves and restores by that. Called
    /// after all checks and only while the host holds the requester for off. The rules write the
    /// control register after it and read it back: what they negotiated counts, whatever the host
    /// wrote.
    ///
    /// # Errors
    /// [`AccessError`] if the host did not do it; it holds the requester for off then.
    fn turn_on_in_host(&mut self, mode: StMode) -> Result<(), AccessError> {
        let _ = mode;
        Ok(())
    }

    /// Has the host's own TPH support, if there is any, hold the requester for off, whatever it was.
    /// The rules write the control register themselves.
    fn turn_off_in_host(&mut self) {}

    /// Writes the tag of an MSI-X vector (bits 31:16 of its vector control).
    ///
    /// # Errors
    /// [`AccessError`] if the write did not reach the table.
    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError>;

    /// Whether the vector is set up: only then does the host keep its control dword.
    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool;

    /// Device Capabilities 2 of the root port above the function, `None` if there is no root port.
    ///
    /// # Errors
    /// [`AccessError`] if the root port could not be asked.
    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError>;

    /// Evaluates the `_DSM` of the host bridge; the answer goes into `answer`, as much of it as
    /// has room. Returns how many bytes the answer has.
    ///
    /// # Errors
    /// [`FirmwareError`] if there is nothing to evaluate or evaluating it fails.
    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError>;

    /// The number by which firmware knows the CPU.
    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid>;

    /// Whether the CPU is there.
    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence;

    /// Whether some thread of the calling process may run on the CPU.
    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool;

    /// Whether the caller may place threads anywhere (`CAP_SYS_NICE`).
    fn caller_may_place_threads(&mut self) -> bool;

    /// Whether the administrator allows device-specific mode without an ST table, where the tag
    /// goes through the driver's hands into registers that nobody can check.
    fn direct_tags_allowed(&self) -> bool;
}
