//! Requests as bytes, answered by the rules, on a function in memory.

mod answers;
mod errno;
#[path = "../../../tph/tests/rules/fake/mod.rs"]
#[allow(dead_code, reason = "the rules' own tests look at more of it")]
mod fake;
mod fields;

use fake::Fake;
use tph::{CpuId, Entry, MemoryType, Requester, StIndex, TagSource};
use tph_abi::layout::{self, op};
use tph_abi::{
    Errno, FeatureNumber, FeatureTransport, Operation, StRequest, Transport, dispatch, needed,
};

/// Registers of a function: its own table of 8 entries, none, one in MSI-X.
const OWN: u32 = 0x0007_0307;
const NONE: u32 = 0x0000_0107;
const MSIX: u32 = 0x0000_0507;

/// A function and who serves it; `asked` counts requests.
struct Served {
    fake: Fake,
    requester: Requester,
    asked: usize,
}

fn served(register: u32) -> Served {
    let mut fake = Fake::new(register);
    let requester = Requester::probe(&mut fake).unwrap();
    Served { fake, requester, asked: 0 }
}

impl Transport for Served {
    /// As the module: what is needed comes in, what is to be given back goes out.
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.asked += 1;
        let mut bytes = request[..needed(request)?].to_vec();
        let range = dispatch(&mut bytes, &mut self.requester, &mut self.fake)?;
        request[range.clone()].copy_from_slice(&bytes[range]);
        Ok(())
    }
}

impl FeatureTransport for Served {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        Err(Errno::ENOTTY)
    }

    fn feature(&mut self, _: &mut [u8]) -> Result<(), Errno> {
        Err(Errno::EPERM)
    }
}

fn steer(index: u16, cpu: u32, memory: MemoryType) -> Entry {
    Entry { index: StIndex(index), source: TagSource::Cpu { cpu: CpuId(cpu), memory } }
}

/// The bytes of a batch.
fn batch(operation: Operation, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = vec![0; layout::st_size(entries.len())];
    let mut request = StRequest::new(operation, &mut bytes).unwrap();
    for (position, entry) in entries.iter().enumerate() {
        request.set(position, *entry);
    }
    request.bytes().to_vec()
}

/// A request without entries, everything behind its head 0.
fn plain(operation: Operation) -> Vec<u8> {
    let mut bytes = vec![0; layout::FIXED_SIZE];
    op::ARGSZ.write(&mut bytes, 0, u32::try_from(layout::FIXED_SIZE).unwrap());
    op::OP.write(&mut bytes, 0, operation.number());
    bytes
}
