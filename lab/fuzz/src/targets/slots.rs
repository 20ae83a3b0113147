//! The places for tags of peers (`crates/tph/src/slots.rs`), compared with a list of who has what.

use arbitrary::Unstructured;
use tph::{NoSlot, SlotIndex, SlotUse, SteeringTag, Tag8, Tag16, TagSlot, TagSlots};

use super::{any, below};
use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "slots", run, longest: 256, slice: 300_000 };

const MOST_PLACES: u32 = 6;

/// Everybody who has a tag, with the place; and what was written to each place last.
struct Model {
    places: u16,
    users: Vec<(u16, SteeringTag)>,
    written: Vec<Option<SteeringTag>>,
}

impl Model {
    fn users_of(&self, place: u16) -> u32 {
        self.users.iter().map(|(at, _)| u32::from(*at == place)).sum()
    }

    /// The place that holds the tag, else the first that is free: and whether it is to be written.
    fn place_for(&self, tag: SteeringTag) -> Option<(u16, bool)> {
        if let Some((place, _)) = self.users.iter().find(|(_, has)| *has == tag) {
            return Some((*place, false));
        }
        (1..self.places).find(|place| self.users_of(*place) == 0).map(|place| (place, true))
    }
}

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let places = u16::try_from(below(&mut input, MOST_PLACES)).unwrap();
    let mut slots = TagSlots::table(vec![SlotUse::default(); places.into()]);
    let mut model = Model { places, users: Vec::new(), written: vec![None; places.into()] };
    let mut held: Vec<TagSlot> = Vec::new();
    while !input.is_empty() {
        match below(&mut input, 8) {
            0..4 => acquire(&mut input, &mut slots, &mut model, &mut held),
            4..7 if !held.is_empty() => {
                let at = below(&mut input, u32::try_from(held.len()).unwrap()) as usize;
                let slot = held.swap_remove(at);
                let (place, tag) = (slot.index().0, slot.tag());
                let user = model.users.iter().position(|user| *user == (place, tag)).unwrap();
                model.users.swap_remove(user);
                assert_eq!(slots.release(slot), model.users_of(place));
            }
            _ => rewrite(&mut input, &mut slots, &model),
        }
        check(&slots, &model);
    }
}

fn acquire(
    input: &mut Unstructured<'_>,
    slots: &mut TagSlots<Vec<SlotUse>>,
    model: &mut Model,
    held: &mut Vec<TagSlot>,
) {
    let tag = tag(input);
    let fails = any::<u8>(input) < 0x20;
    let mut written = None;
    let got = slots.acquire(tag, |place, tag| {
        assert_eq!(written.replace((place.0, tag)), None, "it is written once");
        if fails { Err("on purpose") } else { Ok(()) }
    });
    match (model.place_for(tag), got) {
        (None, Err(NoSlot::Full)) => assert_eq!(written, None),
        (Some((place, true)), Err(NoSlot::Write("on purpose"))) => {
            assert!(fails);
            assert_eq!(written, Some((place, tag)));
        }
        (Some((place, write)), Ok(slot)) => {
            assert!(!write || !fails);
            assert_eq!(written, write.then_some((place, tag)));
            assert_eq!((slot.index(), slot.tag()), (SlotIndex(place), tag));
            model.written[usize::from(place)] = Some(tag);
            model.users.push((place, tag));
            held.push(slot);
        }
        (expected, got) => panic!("{expected:?} was to come, not {got:?}"),
    }
}

/// Every tag in use is written once, in order, up to the first failure.
fn rewrite(input: &mut Unstructured<'_>, slots: &mut TagSlots<Vec<SlotUse>>, model: &Model) {
    let most = usize::from(any::<u8>(input) % 8);
    let mut written = Vec::new();
    let done = slots.rewrite(|place, tag| {
        assert_eq!(model.written[usize::from(place.0)], Some(tag));
        if written.len() == most {
            return Err(());
        }
        written.push(place.0);
        Ok(())
    });
    let used: Vec<u16> = (1..model.places).filter(|place| model.users_of(*place) > 0).collect();
    assert_eq!(done.is_ok(), used.len() <= most);
    assert_eq!(written, used[..used.len().min(most)]);
}

fn check(slots: &TagSlots<Vec<SlotUse>>, model: &Model) {
    let mut places = 0;
    for (place, tag, users) in slots.in_use() {
        assert!(place.0 > 0, "place 0 is no tag");
        assert_eq!(users, model.users_of(place.0));
        assert!(model.users.contains(&(place.0, tag)));
        places += 1;
    }
    assert_eq!(places, (1..model.places).filter(|place| model.users_of(*place) > 0).count());
}

/// Few tags of both widths, so that they come again; the same number in both is two tags.
fn tag(input: &mut Unstructured<'_>) -> SteeringTag {
    let number = any::<u8>(input);
    let bits = number % 5;
    if number & 0x80 == 0 {
        SteeringTag::Standard(Tag8(bits))
    } else {
        SteeringTag::Extended(Tag16(bits.into()))
    }
}
