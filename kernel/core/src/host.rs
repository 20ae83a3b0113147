//! What the rules ask of the kernel: [`Function`] over the glue's `tph_host_*` functions.

use core::cell::UnsafeCell;
use core::ffi::c_int;
use core::marker::{PhantomData, PhantomPinned};

use tph::{AccessError, AcpiUid, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DsmCall};
use tph::{FirmwareError, Function, StIndex, StMode};

/// `struct tph_host`: only C looks into it.
#[repr(C)]
pub struct Device {
    opaque: UnsafeCell<[u8; 0]>,
    pinned: PhantomData<(*mut u8, PhantomPinned)>,
}

#[cfg(test)]
impl Device {
    pub(crate) const fn stand_in() -> Self {
        Self { opaque: UnsafeCell::new([]), pinned: PhantomData }
    }
}

/// `struct tph_dsm_call`: one evaluation of a `_DSM`.
#[repr(C)]
pub(crate) struct DsmArguments {
    pub(crate) guid: [u8; 16],
    /// Calls with the same one have the same answer.
    pub(crate) key: u64,
    pub(crate) revision: u64,
    pub(crate) function: u64,
    /// 0 or 3: how many of `integers` go into the package.
    pub(crate) count: u32,
    pub(crate) integers: [u64; 3],
}

/// `enum tph_host_cpu_presence`.
const OFFLINE: c_int = 1;
const ONLINE: c_int = 2;

const ENOENT: c_int = 2;
const ENODEV: c_int = tph_abi::Errno::ENODEV.0;

// SAFETY: the signatures are those of kernel/core.h. Every pointer is a reference that lives as
// long as the call; the glue keeps none of them and writes only through the mutable ones.
unsafe extern "C" {
    safe fn tph_host_read_config(device: &Device, offset: u16, value: &mut u32) -> c_int;
    safe fn tph_host_write_config(device: &Device, offset: u16, value: u32) -> c_int;
    safe fn tph_host_switched_off(device: &Device) -> bool;
    safe fn tph_host_turn_on(device: &Device, mode: u8) -> c_int;
    safe fn tph_host_turn_off(device: &Device);
    safe fn tph_host_write_msix_tag(device: &Device, vector: u16, tag: u16) -> c_int;
    safe fn tph_host_msix_vector_allocated(device: &Device, vector: u16) -> bool;
    safe fn tph_host_root_port_devcap2(device: &Device, value: &mut u32) -> c_int;
    safe fn tph_host_evaluate_dsm(
        device: &Device,
        call: &DsmArguments,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> c_int;
    safe fn tph_host_cpu_uid(cpu: u32, uid: &mut u32) -> c_int;
    safe fn tph_host_cpu_presence(cpu: u32) -> c_int;
    safe fn tph_host_caller_may_run_on(cpu: u32) -> bool;
    safe fn tph_host_caller_may_place_threads() -> bool;
    safe fn tph_host_direct_tags_allowed() -> bool;
}

/// A function as the kernel reaches it, for the length of one call from C.
pub(crate) struct KernelFunction<'a>(pub(crate) &'a Device);

/// What an access returned: 0, or a negative errno.
fn accessed(status: c_int) -> Result<(), AccessError> {
    match status {
        0 => Ok(()),
        status if status == -ENODEV => Err(AccessError::Gone),
        _ => Err(AccessError::Failed),
    }
}

impl ConfigSpace for KernelFunction<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut value = 0;
        accessed(tph_host_read_config(self.0, offset.get(), &mut value))?;
        Ok(value)
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        accessed(tph_host_write_config(self.0, offset.get(), value))
    }
}

impl Function for KernelFunction<'_> {
    fn switched_off(&mut self) -> bool {
        tph_host_switched_off(self.0)
    }

    fn turn_on_in_host(&mut self, mode: StMode) -> Result<(), AccessError> {
        accessed(tph_host_turn_on(self.0, mode.bits()))
    }

    fn turn_off_in_host(&mut self) {
        tph_host_turn_off(self.0);
    }

    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        accessed(tph_host_write_msix_tag(self.0, vector.0, bits))
    }

    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool {
        tph_host_msix_vector_allocated(self.0, vector.0)
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        let mut value = 0;
        match tph_host_root_port_devcap2(self.0, &mut value) {
            status if status == -ENODEV => Ok(None),
            status => accessed(status).map(|()| Some(value)),
        }
    }

    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        let arguments = DsmArguments {
            guid: DsmCall::GUID,
            key: call.key(),
            revision: DsmCall::REVISION,
            function: call.function(),
            count: if call.arguments().is_some() { 3 } else { 0 },
            integers: call.arguments().unwrap_or_default(),
        };
        let status = tph_host_evaluate_dsm(self.0, &arguments, answer);
        usize::try_from(status).map_err(|_| match status {
            status if status == -ENODEV => FirmwareError::NoRootPort,
            status if status == -ENOENT => FirmwareError::Absent,
            _ => FirmwareError::Failed,
        })
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        let mut uid = 0;
        (tph_host_cpu_uid(cpu.0, &mut uid) == 0).then_some(AcpiUid(uid))
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        match tph_host_cpu_presence(cpu.0) {
            ONLINE => CpuPresence::Online,
            OFFLINE => CpuPresence::Offline,
            _ => CpuPresence::Absent,
        }
    }

    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        tph_host_caller_may_run_on(cpu.0)
    }

    fn caller_may_place_threads(&mut self) -> bool {
        tph_host_caller_may_place_threads()
    }

    fn direct_tags_allowed(&self) -> bool {
        tph_host_direct_tags_allowed()
    }
}
