//! The firmware: the `_DSM` of the host bridge, byte by byte, and the way back from a tag to a CPU.

use std::collections::BTreeMap;

use tph::{AcpiUid, CpuId, DsmCall, FirmwareError, MemoryType, SteeringTag, TagWord};

use crate::profile::{Profile, word_of};

/// Firmware that names tags.
#[derive(Clone, Debug)]
pub struct Firmware {
    words: BTreeMap<u32, (CpuId, TagWord)>,
}

impl Firmware {
    /// The firmware of a host; `None` if it names no tags.
    pub fn of(profile: &Profile) -> Option<Self> {
        let firmware = profile.firmware.as_ref()?;
        let words = profile
            .cpus
            .iter()
            .map(|cpu| (cpu.uid, (CpuId(cpu.id), word_of(profile, firmware, cpu.id))));
        Some(Self { words: words.collect() })
    }

    /// The UIDs it knows and the word of each, in the order of the UIDs.
    pub fn words(&self) -> impl Iterator<Item = (AcpiUid, TagWord)> + '_ {
        self.words.iter().map(|(uid, (_, word))| (AcpiUid(*uid), *word))
    }

    /// Evaluates `_DSM` with these arguments, as the method in the generated table does.
    ///
    /// Function 0 answers which functions there are. Function 0xF answers the word of a processor; for
    /// a processor or a feature that it does not know the word is 0: no tag is valid. Everything else
    /// is answered with one byte of 0, as the ACPI specification asks of functions that are not there.
    ///
    /// # Errors
    /// [`FirmwareError::Failed`] for function 0xF without its arguments.
    pub fn evaluate(
        &self,
        guid: [u8; 16],
        revision: u64,
        function: u64,
        arguments: Option<[u64; 3]>,
    ) -> Result<Vec<u8>, FirmwareError> {
        if guid != DsmCall::GUID || revision < DsmCall::REVISION {
            return Ok(vec![0]);
        }
        match function {
            0 => Ok(vec![0x01, 0x80]),
            DsmCall::TAGS_FUNCTION => {
                let [feature, uid, _properties] = arguments.ok_or(FirmwareError::Failed)?;
                let uid = u32::try_from(uid).ok().filter(|_| feature == 0);
                let word = uid.and_then(|uid| self.words.get(&uid)).map(|(_, word)| *word);
                Ok(word.unwrap_or_default().0.to_le_bytes().to_vec())
            }
            _ => Ok(vec![0]),
        }
    }

    /// The CPUs that `tag` names, for the kind of memory that is tried first: volatile.
    pub fn named_by(&self, tag: SteeringTag) -> Vec<CpuId> {
        for memory in [MemoryType::Volatile, MemoryType::Persistent] {
            let mut cpus: Vec<_> = self
                .words
                .values()
                .filter(|(_, word)| word.tag(memory, tag.requester_type()) == Some(tag))
                .map(|(cpu, _)| *cpu)
                .collect();
            if !cpus.is_empty() {
                cpus.sort_unstable();
                return cpus;
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(call: DsmCall) -> Vec<u8> {
        let firmware = Firmware::of(&Profile::demo()).unwrap();
        let function = call.function();
        firmware.evaluate(DsmCall::GUID, DsmCall::REVISION, function, call.arguments()).unwrap()
    }

    #[test]
    fn it_says_that_it_gives_tags_and_gives_them() {
        assert!(DsmCall::gives_tags(&ask(DsmCall::Functions)));
        let profile = Profile::demo();
        let firmware = profile.firmware.as_ref().unwrap();
        for cpu in &profile.cpus {
            let answer = ask(DsmCall::ProcessorTags(AcpiUid(cpu.uid)));
            assert_eq!(TagWord::from_answer(&answer), Ok(word_of(&profile, firmware, cpu.id)));
        }
    }

    #[test]
    fn a_processor_that_it_does_not_know_has_no_tags() {
        assert_eq!(ask(DsmCall::ProcessorTags(AcpiUid(0xffff))), [0; 8]);
    }

    #[test]
    fn what_it_does_not_offer_is_answered_with_a_zero() {
        let firmware = Firmware::of(&Profile::demo()).unwrap();
        let revision = DsmCall::REVISION;
        for (guid, revision, function) in
            [([0; 16], revision, 0), (DsmCall::GUID, revision - 1, 0), (DsmCall::GUID, revision, 5)]
        {
            assert_eq!(firmware.evaluate(guid, revision, function, None), Ok(vec![0]));
        }
        let tags = DsmCall::TAGS_FUNCTION;
        let failed = firmware.evaluate(DsmCall::GUID, revision, tags, None);
        assert_eq!(failed, Err(FirmwareError::Failed));
    }

    #[test]
    fn a_tag_leads_back_to_its_cpu() {
        let profile = Profile::demo();
        let firmware = Firmware::of(&profile).unwrap();
        for cpu in &profile.cpus {
            let word = word_of(&profile, profile.firmware.as_ref().unwrap(), cpu.id);
            for memory in [MemoryType::Volatile, MemoryType::Persistent] {
                for requester in [tph::RequesterType::Tph, tph::RequesterType::ExtendedTph] {
                    let tag = word.tag(memory, requester).unwrap();
                    assert_eq!(firmware.named_by(tag), [CpuId(cpu.id)]);
                }
            }
        }
        assert_eq!(firmware.named_by(SteeringTag::Standard(tph::Tag8(0))), []);
    }
}
