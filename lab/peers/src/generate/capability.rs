//! The members of the lists.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::{prop_oneof, strategy::Just};
use tph::TPH_CAPABILITY_ID;

const EXPRESS: u32 = 0x10;
const MSIX: u32 = 0x11;
/// Of a PCI Express capability up to Slot Status 2.
const EXPRESS_DWORDS: usize = 15;
const DEVICE_CAPABILITIES_2: usize = 9;

/// A capability of the first list, and how many dwords before it are of nobody.
#[derive(Clone, Debug)]
pub(super) struct Conventional {
    pub(super) gap: usize,
    pub(super) dwords: Vec<u32>,
}

/// A capability of the second list, and how many dwords after it are of nobody.
#[derive(Clone, Debug)]
pub(super) struct Extended {
    pub(super) gap: usize,
    pub(super) dwords: Vec<u32>,
}

pub(super) fn conventional() -> impl Strategy<Value = Conventional> {
    let dwords = prop_oneof![3 => express(), 2 => msix(), 2 => other()];
    (0..4_usize, dwords).prop_map(|(gap, dwords)| Conventional { gap, dwords })
}

fn express() -> proptest::strategy::BoxedStrategy<Vec<u32>> {
    let port_type = prop_oneof![3 => Just(0), 2 => Just(4), 3 => 0..16_u32];
    let version = prop_oneof![6 => Just(2), 2 => 0..16_u32];
    let second = prop_oneof![any::<u32>(), (0..4_u32).prop_map(|field| field << 12)];
    (port_type, version, any::<u16>(), second)
        .prop_map(|(port_type, version, flags, second)| {
            let mut dwords = vec![0; EXPRESS_DWORDS];
            let flags = u32::from(flags) & 0xff00 | port_type << 4 | version;
            dwords[0] = flags << 16 | EXPRESS;
            dwords[DEVICE_CAPABILITIES_2] = second;
            dwords
        })
        .boxed()
}

fn msix() -> proptest::strategy::BoxedStrategy<Vec<u32>> {
    any::<(u16, u32, u32)>()
        .prop_map(|(control, table, pending)| vec![u32::from(control) << 16 | MSIX, table, pending])
        .boxed()
}

/// Any other, also the ID of all ones that ends a list.
fn other() -> proptest::strategy::BoxedStrategy<Vec<u32>> {
    let id = prop_oneof![6 => 0..0x20_u32, 1 => any::<u8>().prop_map(u32::from), 1 => Just(0xff)];
    (id, any::<u16>(), vec(any::<u32>(), 0..6))
        .prop_map(|(id, flags, body)| [vec![u32::from(flags) << 16 | id], body].concat())
        .boxed()
}

pub(super) fn extended() -> impl Strategy<Value = Extended> {
    let gap = prop_oneof![4 => 0..8_usize, 1 => 0..1000_usize];
    let dwords = prop_oneof![2 => hints(), 2 => filler()];
    (gap, dwords).prop_map(|(gap, dwords)| Extended { gap, dwords })
}

/// TPH: the fields each by chance, or the register as a whole; entries by chance.
fn hints() -> proptest::strategy::BoxedStrategy<Vec<u32>> {
    let size = prop_oneof![0..8_u32, 60..68_u32, 0..0x800_u32];
    let fields =
        (0..8_u32, any::<bool>(), 0..4_u32, size).prop_map(|(modes, wide, place, size)| {
            modes | u32::from(wide) << 8 | place << 9 | size << 16
        });
    let register = prop_oneof![4 => fields, 1 => any::<u32>()];
    let control =
        prop_oneof![2 => (0..3_u32, 0..4_u32).prop_map(|(m, e)| m | e << 8), 1 => any::<u32>()];
    (0..16_u32, register, control, vec(any::<u32>(), 0..34))
        .prop_map(|(version, register, control, entries)| {
            let header = u32::from(TPH_CAPABILITY_ID) | version << 16;
            [vec![header, register, control], entries].concat()
        })
        .boxed()
}

fn filler() -> proptest::strategy::BoxedStrategy<Vec<u32>> {
    let id = prop_oneof![6 => 1..0x40_u32, 1 => any::<u16>().prop_map(u32::from)];
    (id, 0..16_u32, vec(any::<u32>(), 0..20))
        .prop_map(|(id, version, body)| [vec![id | version << 16], body].concat())
        .boxed()
}
