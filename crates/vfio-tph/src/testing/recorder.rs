//! A device that writes down what it is asked.

use tph::{Batch, CpuId, CpuStanding, EntryQuery, MemoryType, Programmed, StMode};
use tph::{TagQuery, TagSource};
use tph_abi::{Errno, Request, Transport, layout};

#[derive(Debug, PartialEq)]
pub(crate) enum Call {
    Capability,
    Enable(StMode),
    Disable,
    /// How many.
    Tags(usize),
    /// How many.
    Entries(usize),
    /// Index and CPU; no CPU for an entry to be cleared.
    Program(Vec<(u16, Option<u32>)>),
}

/// Answers with both modes, 64 entries, and for each CPU its number plus one as its tag. Each entry
/// but 0 is in use, for the CPU with its number, which is offline.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) calls: Vec<Call>,
    /// The number of the call that fails, and how.
    pub(crate) fail_at: Option<(usize, Errno)>,
}

impl Transport for Recorder {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let length = request.len();
        let call = match Request::parse(request)? {
            Request::GetCap => Call::Capability,
            Request::Enable(mode) => Call::Enable(mode),
            Request::Disable => Call::Disable,
            Request::DmaBufGet(_) => return Err(Errno::ENOTTY),
            Request::GetSt(mut st) => {
                let count = TagQuery::length(&st).get();
                for position in 0..count {
                    let (cpu, _) = st.wanted(position).unwrap();
                    let bits = u16::try_from(cpu.0 + 1).unwrap();
                    st.answer(position, tph::SteeringTag::Extended(tph::Tag16(bits)));
                }
                assert_eq!(layout::st_size(count), length);
                Call::Tags(count)
            }
            Request::GetEntries(mut query) => {
                let count = EntryQuery::length(&query).get();
                for position in 0..count {
                    let cpu = CpuId(query.index(position).unwrap().0.into());
                    let (memory, standing) = (MemoryType::Persistent, CpuStanding::Offline);
                    let entry = (cpu.0 != 0).then_some(Programmed { cpu, memory, standing });
                    query.answer(position, entry);
                }
                Call::Entries(count)
            }
            Request::SetSt(st) => {
                let entries = (0..Batch::length(&st).get()).map(|at| st.entry(at).unwrap());
                Call::Program(
                    entries
                        .map(|entry| match entry.source {
                            TagSource::Clear => (entry.index.0, None),
                            TagSource::Cpu { cpu, .. } => (entry.index.0, Some(cpu.0)),
                        })
                        .collect(),
                )
            }
        };
        if call == Call::Capability {
            request[layout::BODY] = 3;
            request[layout::BODY + 2] = 64;
        }
        self.calls.push(call);
        match self.fail_at {
            Some((at, errno)) if at + 1 == self.calls.len() => Err(errno),
            _ => Ok(()),
        }
    }
}
