//! Configuration spaces as no device has them: valid, odd and malformed.

mod capability;

use crate::Function;
use capability::{Conventional, Extended, conventional, extended};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest::{prop_oneof, strategy::Just};
use tph::{Bdf, ConfigOffset};
use tph_lab_hosts::ConfigImage;

const SPACE: usize = ConfigOffset::SPACE as usize;
const STATUS_CAPABILITIES_LIST: u32 = 1 << 20;
/// Where the lists begin and end.
const CONVENTIONAL: usize = 0x40;
const EXTENDED: usize = 0x100;

/// `count` functions, the same for the same seed, in domains from 0 on.
///
/// # Panics
/// If there are more than there are addresses.
pub fn functions(seed: u64, count: usize) -> Vec<Function> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = image();
    let one = |index| {
        let image = strategy.new_tree(&mut runner).expect("no value is filtered out").current();
        Function { address: address(index), image }
    };
    (0..count).map(one).collect()
}

fn address(index: usize) -> String {
    let field = |shift: usize, mask: usize| u8::try_from(index >> shift & mask).expect("masked");
    let segment = u16::try_from(index >> 16).expect("so many domains are not needed");
    let address = Bdf::new(segment, field(8, 0xff), field(3, 0x1f), field(0, 7));
    address.expect("the fields are in range").to_string()
}

/// A configuration space: two lists of capabilities that may lead astray, some dwords spoiled, some
/// bytes missing; or nothing but noise.
pub fn image() -> impl Strategy<Value = ConfigImage> {
    prop_oneof![20 => listed().boxed(), 1 => noise().boxed()]
}

fn listed() -> impl Strategy<Value = ConfigImage> {
    let lists = (vec(conventional(), 0..6), end(), vec(extended(), 0..6), end());
    let spoiled = prop_oneof![4 => vec(spoil(), 0..1), 1 => vec(spoil(), 1..4)];
    (header(), lists, any::<u8>(), spoiled, length()).prop_map(
        |((kind, class, has_list), (plain, plain_end, far, far_end), low, spoiled, length)| {
            let mut image = ConfigImage(vec![0; SPACE])
                .ids(0x1572_8086, class)
                .set(0x0c, u32::from(kind) << 16)
                .set(0x04, if has_list { STATUS_CAPABILITIES_LIST } else { 0 });
            image = chain(image, &plain, plain_end, low);
            image = far_chain(image, &far, far_end);
            let spoil = |image: ConfigImage, (at, value)| image.set(at, value);
            spoiled.into_iter().fold(image, spoil).cut(length)
        },
    )
}

/// Every byte by chance, with a list to follow.
fn noise() -> impl Strategy<Value = ConfigImage> {
    (vec(any::<u8>(), SPACE), 0x40_u8.., length()).prop_map(|(bytes, pointer, length)| {
        let image = ConfigImage(bytes).ids(0x1572_8086, 0x02_0000).set(0x0c, 0);
        image.set(0x04, STATUS_CAPABILITIES_LIST).set(0x34, u32::from(pointer)).cut(length)
    })
}

/// Header type, class, and whether there is a list.
fn header() -> impl Strategy<Value = (u8, u32, bool)> {
    let kind = prop_oneof![
        12 => Just((0x00, 0x02_0000)),
        3 => Just((0x80, 0x02_0000)),
        4 => Just((0x01, 0x06_0400)),
        1 => (2..0x80_u8).prop_map(|kind| (kind, 0x02_0000)),
    ];
    (kind, prop_oneof![19 => Just(true), 1 => Just(false)])
        .prop_map(|((kind, class), list)| (kind, class, list))
}

/// Where the last member of a list points to: mostly nowhere.
fn end() -> BoxedStrategy<u16> {
    prop_oneof![6 => Just(0), 1 => 0..0x100_u16, 1 => any::<u16>()].boxed()
}

/// One dword is something else: a few of its bits turned, or all by chance.
fn spoil() -> impl Strategy<Value = (usize, u32)> {
    let place =
        prop_oneof![0x34..0x40_usize, 0x40..0x180_usize, 0x100..SPACE].prop_map(|at| at & !3);
    let value =
        prop_oneof![any::<u32>(), Just(0), Just(u32::MAX), (0..32).prop_map(|bit| 1_u32 << bit)];
    (place, value)
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![30 => Just(SPACE), 1 => Just(EXTENDED), 1 => Just(CONVENTIONAL)]
}

/// The capabilities one after another as far as they fit, with gaps; the bits of `low` that a pointer
/// does not use are in the first one.
fn chain(mut image: ConfigImage, list: &[Conventional], end: u16, low: u8) -> ConfigImage {
    let mut places = Vec::new();
    let mut at = CONVENTIONAL;
    for capability in list {
        at += 4 * capability.gap;
        if at + 4 * capability.dwords.len() > EXTENDED {
            break;
        }
        places.push(at);
        at += 4 * capability.dwords.len();
    }
    let first = places.first().map_or(usize::from(end), |at| at | usize::from(low & 3));
    image.0[0x34] = low_byte(first);
    for (number, (at, capability)) in places.iter().zip(list).enumerate() {
        let next = places.get(number + 1).copied().unwrap_or(usize::from(end));
        for (index, dword) in capability.dwords.iter().enumerate() {
            image = image.set(at + 4 * index, *dword);
        }
        image.0[at + 1] = low_byte(next);
    }
    image
}

fn low_byte(offset: usize) -> u8 {
    offset.to_le_bytes()[0]
}

/// The same for extended capabilities; one that does not fit is cut off by the end of the space.
fn far_chain(mut image: ConfigImage, list: &[Extended], end: u16) -> ConfigImage {
    let mut at = EXTENDED;
    for (number, capability) in list.iter().enumerate() {
        let after = at + 4 * capability.dwords.len().max(1);
        let wanted = after + 4 * capability.gap;
        let next = if number + 1 < list.len() && wanted < SPACE { wanted } else { end.into() };
        let pointer = u32::try_from(next & 0xfff).expect("masked") << 20;
        for (index, dword) in capability.dwords.iter().enumerate() {
            if at + 4 * index < SPACE {
                let pointer = if index == 0 { pointer } else { 0 };
                image = image.set(at + 4 * index, dword | pointer);
            }
        }
        if next != wanted {
            break;
        }
        at = wanted;
    }
    image
}
