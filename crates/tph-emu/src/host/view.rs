//! The emulated host as the rules see it.

use tph::{AccessError, AcpiUid, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DmaBufError};
use tph::{DmaBufHint, DmaBufs, DsmCall, FirmwareError, Function, PortType, StIndex};

use super::files::{File, Files};
use super::{Caller, DirectTags, FunctionId};
use crate::endpoint::Endpoint;
use crate::firmware::Firmware;
use crate::profile::Cpu;
use crate::root_port::RootPort;

/// One function, with its surroundings and the caller whose request is carried out.
pub struct HostView<'a> {
    pub(super) endpoint: &'a mut Endpoint,
    pub(super) root_port: Option<&'a mut RootPort>,
    pub(super) firmware: Option<&'a Firmware>,
    pub(super) cpus: &'a [Cpu],
    pub(super) caller: &'a Caller,
    pub(super) direct_tags: DirectTags,
    pub(super) files: &'a Files,
    pub(super) id: FunctionId,
}

impl HostView<'_> {
    /// The hardware.
    pub fn endpoint_mut(&mut self) -> &mut Endpoint {
        self.endpoint
    }

    fn cpu(&self, cpu: CpuId) -> Option<&Cpu> {
        self.cpus.iter().find(|known| known.id == cpu.0)
    }
}

impl ConfigSpace for HostView<'_> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        let mut bytes = [0; 4];
        self.endpoint.config_read(u64::from(offset.get()), &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.endpoint.config_write(u64::from(offset.get()), &value.to_le_bytes())
    }
}

impl Function for HostView<'_> {
    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        self.endpoint.write_msix_tag(vector, bits)
    }

    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool {
        self.endpoint.vector_set_up(vector)
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        let Some(port) = self.root_port.as_deref_mut() else {
            return Ok(None);
        };
        match PortType::device_capabilities_2(port)? {
            Some(offset) => port.read_config(offset).map(Some),
            None => Ok(None),
        }
    }

    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        if self.root_port.is_none() {
            return Err(FirmwareError::NoRootPort);
        }
        let firmware = self.firmware.ok_or(FirmwareError::Absent)?;
        if !self.endpoint.firmware_asked() {
            return Err(FirmwareError::Failed);
        }
        let (guid, revision) = (DsmCall::GUID, DsmCall::REVISION);
        let bytes = firmware.evaluate(guid, revision, call.function(), call.arguments())?;
        for (place, byte) in answer.iter_mut().zip(&bytes) {
            *place = *byte;
        }
        Ok(bytes.len())
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        self.cpu(cpu).map(|cpu| AcpiUid(cpu.uid))
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        match self.cpu(cpu) {
            None => CpuPresence::Absent,
            Some(cpu) if cpu.online => CpuPresence::Online,
            Some(_) => CpuPresence::Offline,
        }
    }

    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        self.caller.may_run_on(cpu)
    }

    fn caller_may_place_threads(&mut self) -> bool {
        self.caller.may_place_threads()
    }

    fn direct_tags_allowed(&self) -> bool {
        self.direct_tags == DirectTags::Allowed
    }
}

impl DmaBufs for HostView<'_> {
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, DmaBufError> {
        match self.files.get(descriptor)? {
            File::Buffer(buffer) => match buffer.hint() {
                Some(_) if !buffer.reachable() => Err(DmaBufError::Revoked),
                hint => Ok(hint),
            },
            File::HostBuffer => Ok(None),
            File::Other => Err(DmaBufError::NotADmaBuf),
        }
    }

    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), DmaBufError> {
        match self.files.get(descriptor)? {
            File::Buffer(buffer) if buffer.exporter() == Some(self.id) => {
                buffer.set_hint(hint);
                Ok(())
            }
            File::Buffer(_) | File::HostBuffer => Err(DmaBufError::NotExportedHere),
            File::Other => Err(DmaBufError::NotADmaBuf),
        }
    }
}
