//! Tags of dma-bufs on the wire: set by a feature, asked for by an operation.

mod call;
mod query;
mod set;

use std::collections::BTreeMap;

use tph::{Completer, DmaBufError, DmaBufHint, DmaBufs, RequesterType};
use tph_abi::{DmaBufQuery, Errno, FeatureNumber, Transport, answer_dma_buf, answer_feature};

const NUMBER: FeatureNumber = FeatureNumber::DEFAULT;
const WIDE: Completer = Completer::ExtendedTph;
const FEATURE: u32 = 0xd;
const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;

/// Descriptors from 0 to 9 are dma-bufs of the device.
#[derive(Default)]
struct Fake {
    set: BTreeMap<i32, DmaBufHint>,
    fails: Option<DmaBufError>,
}

impl DmaBufs for Fake {
    fn hint(&mut self, descriptor: i32) -> Result<Option<DmaBufHint>, DmaBufError> {
        match self.fails {
            Some(error) => Err(error),
            None => Ok(self.set.get(&descriptor).copied()),
        }
    }

    fn set_hint(&mut self, descriptor: i32, hint: DmaBufHint) -> Result<(), DmaBufError> {
        match (self.fails, descriptor) {
            (Some(error), _) => Err(error),
            (None, 0..10) => {
                self.set.insert(descriptor, hint);
                Ok(())
            }
            (None, _) => Err(DmaBufError::NotOpen),
        }
    }
}

impl Transport for Fake {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        let size = tph_abi::needed(request)?;
        answer_dma_buf(&mut request[..size], self).expect("a DMA_BUF_GET").map(|_| ())
    }
}

fn raw(argsz: usize, flags: u32, payload: &[u8]) -> Vec<u8> {
    let head = [u32::try_from(argsz).unwrap().to_le_bytes(), flags.to_le_bytes()];
    [head.concat(), payload.to_vec()].concat()
}

fn apart(descriptor: i32, flags: u32, extended: u16, standard: u8, ph: u8) -> Vec<u8> {
    let mut payload = [descriptor.to_le_bytes(), flags.to_le_bytes()].concat();
    payload.extend(extended.to_le_bytes());
    payload.extend([standard, ph]);
    raw(20, FEATURE | SET, &payload)
}

fn answer(request: &[u8], completer: Completer, fake: &mut Fake) -> Result<(), Errno> {
    answer_feature(request, NUMBER, completer, fake).expect("DMA_BUF_TPH")
}

fn get(fake: &mut Fake, descriptor: i32, requester: RequesterType) -> Result<(u16, u8), Errno> {
    let (tag, hint) = DmaBufQuery { descriptor, requester }.ask(fake)?;
    assert_eq!(tag.requester_type(), requester);
    Ok((tag.entry_bits(), hint.bits()))
}

fn both(fake: &mut Fake, descriptor: i32) -> [Result<(u16, u8), Errno>; 2] {
    [RequesterType::Tph, RequesterType::ExtendedTph].map(|width| get(fake, descriptor, width))
}

#[test]
fn what_the_host_cannot_do_has_its_number() {
    for (error, errno) in [
        (DmaBufError::Revoked, Errno::ENODEV),
        (DmaBufError::NotOpen, Errno::EBADF),
        (DmaBufError::NotADmaBuf, Errno::EINVAL),
        (DmaBufError::NotExportedHere, Errno::EINVAL),
        (DmaBufError::Interrupted, Errno::EINTR),
        (DmaBufError::NoMemory, Errno::ENOMEM),
        (DmaBufError::NoExport, Errno::ENOTTY),
    ] {
        let mut fake = Fake { fails: Some(error), ..Fake::default() };
        assert_eq!(answer(&apart(3, 1, 0, 0, 0), WIDE, &mut fake), Err(errno));
        assert_eq!(get(&mut fake, 3, RequesterType::Tph), Err(errno));
    }
}
