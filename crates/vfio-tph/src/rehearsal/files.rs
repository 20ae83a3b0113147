//! A function as the files of a host show it, for a rehearsal.

use tph::{AccessError, AcpiUid, Bdf, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DsmCall};
use tph::{FirmwareError, Function, MemoryType, StIndex, StMode, SteeringTag, Tag8, Tag16};
use tph::{TagSource, TagWord};

use super::{Change, Tags, rehearse_with};
use crate::host::config_file::ConfigFile;
use crate::{Error, FirmwareTags, FunctionView, Host, Topology};

/// What only the kernel may do or ask, files do not show: permission counts as given, and each CPU
/// as one that the firmware has tags for.
struct FunctionOfFiles {
    config: ConfigFile,
    view: FunctionView,
    topology: Topology,
    firmware: Result<(), FirmwareError>,
    switched_off: bool,
}

impl Host {
    /// What opening the function at `address`, turning TPH on in `mode` and programming `entries`
    /// would write, as far as the files of the host tell. The tags themselves only the firmware
    /// knows, and it is not asked ([`NewTag::bits`](crate::NewTag::bits) is `None`). Root is needed to
    /// read configuration space.
    ///
    /// # Errors
    /// [`Error::NoSuchFunction`], [`Error::Sysfs`]; [`Error::Unreadable`] if configuration space could
    /// not be read that far; [`Error::Rehearsal`] with what doing it would be refused with.
    pub fn rehearse(
        &self,
        address: Bdf,
        mode: StMode,
        entries: &[(StIndex, TagSource)],
    ) -> Result<Vec<Change>, Error> {
        let view = self.function(address)?;
        if let Err(why) = view.tph {
            return Err(Error::Unreadable { address, why });
        }
        let path = self.folder(address).join("config");
        let config = ConfigFile::open(&path).map_err(|source| Error::Sysfs { path, source })?;
        let kernel = self.kernel();
        let own_tph = kernel.config.as_ref().is_some_and(|config| config.has("CONFIG_PCIE_TPH"));
        let firmware = match self.firmware_tags(address) {
            FirmwareTags::Asked { answer, .. } => answer,
            _ => Ok(()),
        };
        let mut function = FunctionOfFiles {
            config,
            view,
            topology: self.topology(),
            firmware,
            switched_off: own_tph
                && kernel.parameters.is_some_and(|parameters| parameters.tph_off().is_some()),
        };
        rehearse_with(&mut function, mode, entries, Tags::Unknown)
            .map_err(|error| Error::Rehearsal { device: address.to_string(), error })
    }
}

impl ConfigSpace for FunctionOfFiles {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.config.read_config(offset)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}

impl Function for FunctionOfFiles {
    fn switched_off(&mut self) -> bool {
        self.switched_off
    }

    fn write_msix_tag(&mut self, _: StIndex, _: u16) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }

    fn msix_vector_allocated(&mut self, _: StIndex) -> bool {
        false
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        let port = self.view.root_port.as_ref();
        port.map_or(Ok(None), |port| port.device_capabilities_2.map_err(|_| AccessError::Failed))
    }

    /// Stands in for the firmware: every CPU has every tag.
    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        if self.view.root_port.is_none() {
            return Err(FirmwareError::NoRootPort);
        }
        self.firmware?;
        *answer = match call {
            DsmCall::Functions => [0xff; DsmCall::ANSWER_SIZE],
            DsmCall::ProcessorTags(_) => {
                let (narrow, wide) =
                    (SteeringTag::Standard(Tag8(1)), SteeringTag::Extended(Tag16(1)));
                let kinds = [MemoryType::Volatile, MemoryType::Persistent];
                let word = kinds.iter().fold(TagWord::default(), |word, memory| {
                    word.with_tag(*memory, narrow).with_tag(*memory, wide)
                });
                word.0.to_le_bytes()
            }
        };
        Ok(DsmCall::ANSWER_SIZE)
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        Some(AcpiUid(cpu.0))
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        if self.topology.cpus.is_empty() {
            return CpuPresence::Online; // The host does not tell.
        }
        self.topology.cpu(cpu).map_or(CpuPresence::Absent, |cpu| cpu.presence)
    }

    fn caller_may_run_on(&mut self, _: CpuId) -> bool {
        true
    }

    fn caller_may_place_threads(&mut self) -> bool {
        true
    }

    fn direct_tags_allowed(&self) -> bool {
        false
    }
}
