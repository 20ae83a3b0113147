//! From CPUs to tags: is the entry there, may the caller steer there, what does firmware say.

use crate::batch::{Batch, TagQuery, TagSource};
use crate::{AcpiUid, CpuId, CpuPresence, DsmCall, EntryError, Error, FirmwareError, Function};
use crate::{MemoryType, RequesterType, StIndex, StTable, SteeringTag, TagWord};

/// Checks the entries of one request and finds their tags; changes no register.
pub(crate) struct Resolver<'a, F: Function + ?Sized> {
    function: &'a mut F,
    requester: RequesterType,
    /// Whether firmware is known to name tags.
    gives_tags: &'a mut bool,
    /// The processor that firmware was asked for last: neighbours in a batch are often the same.
    last: Option<(AcpiUid, TagWord)>,
}

/// The tag that firmware names for an online CPU. Not whether anybody may steer there: that is for
/// who asks on behalf of somebody.
///
/// # Errors
/// [`EntryError`] if there is no such CPU, it is offline, or firmware names no such tag.
pub fn cpu_tag(
    function: &mut (impl Function + ?Sized),
    cpu: CpuId,
    memory: MemoryType,
    requester: RequesterType,
) -> Result<SteeringTag, EntryError> {
    let mut gives_tags = false;
    let mut resolver = Resolver::new(function, requester, &mut gives_tags);
    resolver.online(cpu)?;
    resolver.named(cpu, memory)
}

/// Asks whether firmware names tags for the function at all.
///
/// # Errors
/// [`FirmwareError::NoRootPort`] or [`FirmwareError::Absent`] if it does not.
pub fn firmware_gives_tags(function: &mut (impl Function + ?Sized)) -> Result<(), FirmwareError> {
    let mut answer = [0; DsmCall::ANSWER_SIZE];
    let length = match function.evaluate_dsm(DsmCall::Functions, &mut answer) {
        Err(FirmwareError::NoRootPort) => return Err(FirmwareError::NoRootPort),
        Err(_) => return Err(FirmwareError::Absent),
        Ok(length) => length,
    };
    if DsmCall::gives_tags(answer.get(..length).unwrap_or(&answer)) {
        Ok(())
    } else {
        Err(FirmwareError::Absent)
    }
}

impl<'a, F: Function + ?Sized> Resolver<'a, F> {
    /// For one request to a requester of this type.
    pub(crate) fn new(
        function: &'a mut F,
        requester: RequesterType,
        gives_tags: &'a mut bool,
    ) -> Self {
        Self { function, requester, gives_tags, last: None }
    }

    /// Checks every entry of `batch` and keeps its tag in it. The first bad entry is the answer.
    pub(crate) fn batch(
        &mut self,
        table: StTable,
        batch: &mut (impl Batch + ?Sized),
    ) -> Result<(), Error> {
        for position in 0..batch.length().get() {
            let Some(entry) = batch.entry(position) else { continue };
            let found = self.entry_bits(table, entry.index, entry.source);
            batch.keep(position, found.map_err(|error| Error::Entry { position, error })?);
        }
        Ok(())
    }

    /// Answers every CPU of `query`. The first without a tag is the answer.
    pub(crate) fn query(&mut self, query: &mut (impl TagQuery + ?Sized)) -> Result<(), Error> {
        for position in 0..query.length().get() {
            let Some((cpu, memory)) = query.wanted(position) else { continue };
            let found = self.tag(cpu, memory);
            query.answer(position, found.map_err(|error| Error::Entry { position, error })?);
        }
        Ok(())
    }

    fn entry_bits(
        &mut self,
        table: StTable,
        index: StIndex,
        source: TagSource,
    ) -> Result<u16, EntryError> {
        if !table.contains(index) {
            return Err(EntryError::IndexOutOfRange { index, entries: table.entries() });
        }
        if let StTable::Msix { .. } = table {
            if !self.function.msix_vector_allocated(index) {
                return Err(EntryError::VectorNotAllocated(index));
            }
        }
        match source {
            TagSource::Clear => Ok(0),
            TagSource::Cpu { cpu, memory } => self.tag(cpu, memory).map(SteeringTag::entry_bits),
        }
    }

    fn tag(&mut self, cpu: CpuId, memory: MemoryType) -> Result<SteeringTag, EntryError> {
        self.online(cpu)?;
        if !self.function.caller_may_run_on(cpu) && !self.function.caller_may_place_threads() {
            return Err(EntryError::CpuNotPermitted(cpu));
        }
        self.named(cpu, memory)
    }

    fn online(&mut self, cpu: CpuId) -> Result<(), EntryError> {
        match self.function.cpu_presence(cpu) {
            CpuPresence::Absent => Err(EntryError::CpuAbsent(cpu)),
            CpuPresence::Offline => Err(EntryError::CpuOffline(cpu)),
            CpuPresence::Online => Ok(()),
        }
    }

    fn named(&mut self, cpu: CpuId, memory: MemoryType) -> Result<SteeringTag, EntryError> {
        let uid = self.function.acpi_uid(cpu).ok_or(EntryError::Firmware(FirmwareError::NoUid))?;
        let word = match self.last {
            Some((last, word)) if last == uid => word,
            _ => self.word(uid).map_err(EntryError::Firmware)?,
        };
        self.last = Some((uid, word));
        let requester = self.requester;
        word.tag(memory, requester).ok_or(EntryError::NoTag { cpu, memory, requester })
    }

    fn word(&mut self, uid: AcpiUid) -> Result<TagWord, FirmwareError> {
        let mut answer = [0; DsmCall::ANSWER_SIZE];
        if !*self.gives_tags {
            firmware_gives_tags(self.function)?;
            *self.gives_tags = true;
        }
        let length = self.function.evaluate_dsm(DsmCall::ProcessorTags(uid), &mut answer)?;
        TagWord::from_answer(answer.get(..length).unwrap_or(&answer))
    }
}
