//! Requests beside those of the differential test: for dma-bufs, for interrupts.

use tph::{BatchLen, CpuId, Entry, MemoryType, StIndex, TagSource};
use tph::{DmaBufHint, DmaBufTags, ProcessingHint, RequesterType, Tag8, Tag16};
use tph_abi::layout::dma_buf::{apart, feature as head, get, single};
use tph_abi::layout::op;
use tph_abi::{DmaBufQuery, DmaBufSet, FeatureNumber, Operation};
use tph_conformance as bytes_of;
use tph_differential::{Random, Target};
use tph_lab_guest::irq::flags::{ACTION_MASK, ACTION_TRIGGER, ACTION_UNMASK};
use tph_lab_guest::irq::flags::{DATA_BOOL, DATA_EVENTFD, DATA_NONE};
use tph_lab_guest::irq::{HEAD, Interrupt};
use tph_lab_guest::raw::feature;

/// The fields of a payload of `DMA_BUF_TPH`, in both forms.
const PAYLOAD: [tph_abi::layout::Field; 7] = [
    single::STEERING_TAG,
    single::PH,
    single::RESERVED,
    apart::FLAGS,
    apart::STEERING_TAG_EXT,
    apart::STEERING_TAG,
    apart::PH,
];

/// A request that needs no register of the device, if it gets so far; one in four has something wrong.
pub(super) fn question(random: &mut Random, target: &Target) -> Vec<u8> {
    let index = |random: &mut Random| {
        let index = random.below(u32::from(target.entries()) + 1);
        StIndex(u16::try_from(index).unwrap_or(u16::MAX))
    };
    let mut bytes = match random.below(8) {
        0 | 1 => bytes_of::get_cap(),
        2..=5 => {
            let most = if random.once_in(50) { BatchLen::MAX } else { 8 };
            let count = 1 + random.below(most);
            let indices: Vec<_> = (0..count).map(|_| index(random)).collect();
            bytes_of::entries(&indices)
        }
        _ => {
            let entry = |random: &mut Random| {
                let (cpu, memory) = (CpuId(random.below(target.cpus() + 1)), MemoryType::Volatile);
                Entry { index: index(random), source: TagSource::Cpu { cpu, memory } }
            };
            let count = 1 + random.below(4);
            let entries: Vec<_> = (0..count).map(|_| entry(random)).collect();
            bytes_of::st(Operation::GetSt, &entries)
        }
    };
    if random.once_in(4) {
        let place = random.place(bytes.len());
        bytes[place] ^= 1 << random.below(8);
    }
    bytes
}

/// `DMA_BUF_TPH` for `descriptor`; one in three has something wrong.
pub(super) fn set(random: &mut Random, descriptor: i32, number: FeatureNumber) -> Vec<u8> {
    let low = |bits: u32| bits.to_le_bytes()[0];
    let tag = Tag16(u16::from_le_bytes([low(random.word()), low(random.word())]));
    let standard = Tag8(low(random.word()));
    let tags = match random.below(6) {
        0 => DmaBufTags::Single(tag),
        1 => DmaBufTags::Single(Tag16(standard.0.into())),
        2 => DmaBufTags::NONE,
        3 => DmaBufTags::Apart { standard: Some(standard), extended: None },
        _ => DmaBufTags::Apart { standard: Some(standard), extended: Some(tag) },
    };
    let hint = DmaBufHint { tags, hint: ProcessingHint::from_low_bits(low(random.word())) };
    let mut bytes = DmaBufSet { descriptor, hint }.request(number).bytes().to_vec();
    if random.once_in(3) {
        match random.below(4) {
            0 => {
                // The number stays: others hold addresses.
                let all = feature::GET | feature::SET | feature::PROBE;
                let mut flags = random.word() & all;
                if random.once_in(4) {
                    flags |= 1 << (19 + random.below(13));
                }
                head::FLAGS.write(&mut bytes, 0, u32::from(number.get()) | flags);
            }
            1 => head::ARGSZ.write(&mut bytes, 0, random.pick(&[0, 7, 8, 15, 16, 19, 20, 0x1000])),
            2 => {
                let value = random.word();
                random.pick(&PAYLOAD).write(&mut bytes, head::SIZE, value);
            }
            _ => {
                let place = head::SIZE + random.place(bytes.len() - head::SIZE);
                bytes[place] ^= 1 << random.below(8);
            }
        }
    }
    bytes
}

/// `DMA_BUF_GET` for `descriptor`; one in four has something wrong.
pub(super) fn query(random: &mut Random, descriptor: i32) -> Vec<u8> {
    let requester = random.pick(&[RequesterType::Tph, RequesterType::ExtendedTph]);
    let mut bytes = DmaBufQuery { descriptor, requester }.bytes().to_vec();
    if random.once_in(4) {
        let value = random.pick(&[0, 1, 8, 16, 17, 20, 255, u32::MAX]);
        let field = random.pick(&[op::ARGSZ, get::WIDTH, get::RESERVED, get::STEERING_TAG]);
        match field.size * field.count {
            3 => bytes[get::RESERVED.offset + random.place(3)] = 1,
            _ => field.write(&mut bytes, 0, value),
        }
    }
    bytes
}

/// A `VFIO_DEVICE_SET_IRQS`: mostly MSI-X, mostly one that can be done, with these events.
pub(super) fn set_irqs(random: &mut Random, vectors: u16, events: &[i32]) -> Vec<u8> {
    let index = match random.below(10) {
        0 => random.below(7),
        1 => 0,
        _ => Interrupt::MsiX as u32,
    };
    let data = random.pick(&[DATA_NONE, DATA_EVENTFD, DATA_EVENTFD, DATA_BOOL]);
    let action = match random.below(6) {
        0 => ACTION_MASK,
        1 => ACTION_UNMASK,
        _ => ACTION_TRIGGER,
    };
    let most = u32::from(vectors).min(8) + 1;
    // Every second one frees them all or sets them up anew, as tags come and go with that.
    let (data, action, start, count) = match random.below(4) {
        0 => (DATA_NONE, ACTION_TRIGGER, 0, 0),
        1 => (DATA_EVENTFD, ACTION_TRIGGER, 0, 1 + random.below(most)),
        _ => (data, action, random.below(most), random.below(most)),
    };
    let (unit, mut payload) = match data {
        DATA_BOOL => (1, vec![u8::from(random.once_in(2)); count as usize]),
        DATA_EVENTFD => {
            let event = |_| random.pick(&[events[0], events[1], events[2], -1]).to_ne_bytes();
            (4, (0..count).flat_map(event).collect())
        }
        _ => (0, Vec::new()),
    };
    let mut words = [HEAD + unit * count, data | action, index, start, count];
    if random.once_in(6) {
        let place = random.place(words.len());
        let most = BatchLen::MAX;
        let odd =
            [0, 1, 2, 7, 8, HEAD - 1, HEAD, HEAD + 1, 63, 64, most - 1, most, most + 1, 0x1000];
        words[place] = random.pick(&odd);
    }
    // All that its head claims is there, at most what a request has room for.
    payload.resize(payload.len().max(0x4000), 0xff);
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_ne_bytes).collect();
    bytes.append(&mut payload);
    bytes
}
