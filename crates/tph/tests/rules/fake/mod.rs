//! A function made of an array: counts accesses, fails on demand. Nothing of hardware's own
//! behaviour is in it; that is what `tph-emu` is for.

use std::collections::HashMap;

use tph::{
    AccessError, AcpiUid, ConfigOffset, ConfigSpace, CpuId, CpuPresence, DsmCall, FirmwareError,
    Function, MemoryType, StIndex, StMode, SteeringTag, Tag8, Tag16, TagWord,
};

pub(crate) const TPH_AT: u16 = 0x140;
const EXPRESS_AT: u16 = 0x40;
const MSIX_AT: u16 = 0x80;

/// One register access, as it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read(u16),
    Write(u16, u32),
    MsixTag(u16, u16),
}

pub(crate) struct Fake {
    pub(crate) config: Vec<u32>,
    pub(crate) msix: Vec<Option<u16>>,
    pub(crate) completer: Option<u32>,
    pub(crate) firmware: HashMap<u32, TagWord>,
    pub(crate) firmware_answers: bool,
    /// The functions of the method, a bit each.
    pub(crate) functions: u16,
    pub(crate) online: Vec<bool>,
    pub(crate) may_run_on: Vec<u32>,
    pub(crate) may_place: bool,
    pub(crate) direct_tags: bool,
    pub(crate) log: Vec<Access>,
    /// Accesses from this number on fail, this many of them.
    pub(crate) fail: Option<(usize, usize)>,
    /// How they fail.
    pub(crate) failure: AccessError,
    pub(crate) evaluations: usize,
    /// Bits that the control register takes.
    pub(crate) control_keeps: u32,
    /// The host's own TPH support.
    pub(crate) host: Option<HostTph>,
}

/// TPH support of the host's own, which writes the control register as it sees fit.
#[derive(Default)]
pub(crate) struct HostTph {
    pub(crate) switched_off: bool,
    pub(crate) refuses: bool,
    /// The mode in which it holds the requester for on.
    pub(crate) on: Option<StMode>,
}

/// The tag of a CPU in the fake firmware: different for each width and kind of memory.
pub(crate) fn word_of(cpu: u32) -> TagWord {
    let low = u8::try_from(cpu).unwrap();
    let wide = |base: u16| SteeringTag::Extended(Tag16(base + u16::from(low)));
    TagWord::default()
        .with_tag(MemoryType::Volatile, SteeringTag::Standard(Tag8(0x10 + low)))
        .with_tag(MemoryType::Volatile, wide(0xa100))
        .with_tag(MemoryType::Persistent, SteeringTag::Standard(Tag8(0x40 + low)))
        .with_tag(MemoryType::Persistent, wide(0xb200))
}

impl Fake {
    /// A function with capability register `register`, below a root port that takes 16-bit tags,
    /// on a host with four CPUs whose UIDs are 100 more than their numbers.
    pub(crate) fn new(register: u32) -> Self {
        let mut config = vec![0; 0x400];
        let mut put = |offset: u16, value: u32| config[usize::from(offset / 4)] = value;
        put(0x04, 1 << 20);
        put(0x34, u32::from(EXPRESS_AT));
        put(EXPRESS_AT, 0x0002_8010);
        put(MSIX_AT, 0x0007_0011);
        put(0x100, 0x1401_0001);
        put(TPH_AT, 0x0001_0017);
        put(TPH_AT + 4, register);
        Self {
            config,
            msix: vec![Some(0); 8],
            completer: Some(0x3000),
            firmware: (0..4).map(|cpu| (cpu + 100, word_of(cpu))).collect(),
            firmware_answers: true,
            functions: 0x8001,
            online: vec![true; 4],
            may_run_on: vec![0, 1, 2, 3],
            may_place: false,
            direct_tags: false,
            log: Vec::new(),
            fail: None,
            failure: AccessError::Failed,
            evaluations: 0,
            control_keeps: u32::MAX,
            host: None,
        }
    }

    pub(crate) fn integrated(mut self) -> Self {
        self.config[usize::from(EXPRESS_AT / 4)] |= 9 << 20;
        self.completer = None;
        self
    }

    fn is_integrated(&self) -> bool {
        self.config[usize::from(EXPRESS_AT / 4)] >> 20 & 0xf == 9
    }

    pub(crate) fn control(&self) -> u32 {
        self.config[usize::from((TPH_AT + 8) / 4)]
    }

    pub(crate) fn set_control(&mut self, value: u32) {
        self.config[usize::from((TPH_AT + 8) / 4)] = value;
    }

    pub(crate) fn entry(&self, index: u16) -> u16 {
        let bytes = self.config[usize::from((TPH_AT + 0xc) / 4 + index / 2)].to_le_bytes();
        let half = usize::from(index % 2) * 2;
        u16::from_le_bytes([bytes[half], bytes[half + 1]])
    }

    pub(crate) fn table(&self, entries: u16) -> Vec<u16> {
        (0..entries).map(|index| self.entry(index)).collect()
    }

    fn access(&mut self, access: Access) -> Result<(), AccessError> {
        let number = self.log.len();
        self.log.push(access);
        match self.fail {
            Some((from, count)) if number >= from && number - from < count => Err(self.failure),
            _ => Ok(()),
        }
    }
}

impl ConfigSpace for Fake {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        self.access(Access::Read(offset.get()))?;
        Ok(self.config[usize::from(offset.get() / 4)])
    }

    fn write_config(&mut self, offset: ConfigOffset, value: u32) -> Result<(), AccessError> {
        self.access(Access::Write(offset.get(), value))?;
        let keeps = if offset.get() == TPH_AT + 8 { self.control_keeps } else { u32::MAX };
        self.config[usize::from(offset.get() / 4)] = value & keeps;
        Ok(())
    }
}

impl Function for Fake {
    fn switched_off(&mut self) -> bool {
        self.host.as_ref().is_some_and(|host| host.switched_off)
    }

    fn turn_on_in_host(&mut self, mode: StMode) -> Result<(), AccessError> {
        let Some(host) = &mut self.host else { return Ok(()) };
        assert_eq!(host.on, None, "the host refuses what is on already");
        if host.refuses {
            return Err(AccessError::Failed);
        }
        host.on = Some(mode);
        // The host negotiated something that is no requester type.
        self.set_control(self.control() & !0x307 | 0x200 | u32::from(mode.bits()));
        Ok(())
    }

    fn turn_off_in_host(&mut self) {
        if self.host.as_mut().and_then(|host| host.on.take()).is_some() {
            self.set_control(0);
        }
    }

    fn write_msix_tag(&mut self, vector: StIndex, bits: u16) -> Result<(), AccessError> {
        self.access(Access::MsixTag(vector.0, bits))?;
        self.msix[usize::from(vector.0)] = Some(bits);
        Ok(())
    }

    fn msix_vector_allocated(&mut self, vector: StIndex) -> bool {
        self.msix[usize::from(vector.0)].is_some()
    }

    fn root_port_device_capabilities_2(&mut self) -> Result<Option<u32>, AccessError> {
        // Inside the root complex there is no port to ask.
        if self.is_integrated() { Err(AccessError::Failed) } else { Ok(self.completer) }
    }

    fn evaluate_dsm(
        &mut self,
        call: DsmCall,
        answer: &mut [u8; DsmCall::ANSWER_SIZE],
    ) -> Result<usize, FirmwareError> {
        self.evaluations += 1;
        match call {
            _ if self.completer.is_none() && !self.firmware_answers => {
                Err(FirmwareError::NoRootPort)
            }
            _ if !self.firmware_answers => Err(FirmwareError::Absent),
            DsmCall::Functions => {
                answer[..2].copy_from_slice(&self.functions.to_le_bytes());
                Ok(2)
            }
            DsmCall::ProcessorTags(uid) => {
                let word = self.firmware.get(&uid.0).ok_or(FirmwareError::Failed)?;
                *answer = word.0.to_le_bytes();
                Ok(8)
            }
        }
    }

    fn acpi_uid(&mut self, cpu: CpuId) -> Option<AcpiUid> {
        Some(AcpiUid(cpu.0 + 100))
    }

    fn cpu_presence(&mut self, cpu: CpuId) -> CpuPresence {
        match self.online.get(usize::try_from(cpu.0).unwrap()) {
            None => CpuPresence::Absent,
            Some(false) => CpuPresence::Offline,
            Some(true) => CpuPresence::Online,
        }
    }

    fn caller_may_run_on(&mut self, cpu: CpuId) -> bool {
        self.may_run_on.contains(&cpu.0)
    }

    fn caller_may_place_threads(&mut self) -> bool {
        self.may_place
    }

    fn direct_tags_allowed(&self) -> bool {
        self.direct_tags
    }
}

/// A batch over a vector.
pub(crate) struct Entries(pub(crate) Vec<(tph::Entry, u16)>);

impl Entries {
    pub(crate) fn new(entries: impl IntoIterator<Item = tph::Entry>) -> Self {
        Self(entries.into_iter().map(|entry| (entry, 0)).collect())
    }
}

impl tph::Batch for Entries {
    fn length(&self) -> tph::BatchLen {
        tph::BatchLen::new(u32::try_from(self.0.len()).unwrap()).unwrap()
    }

    fn entry(&self, position: usize) -> Option<tph::Entry> {
        self.0.get(position).map(|entry| entry.0)
    }

    fn keep(&mut self, position: usize, bits: u16) {
        self.0[position].1 = bits;
    }

    fn kept(&self, position: usize) -> u16 {
        self.0[position].1
    }
}
