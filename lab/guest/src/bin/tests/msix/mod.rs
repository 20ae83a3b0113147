//! The ST table in the MSI-X table: tags lie beside the mask bits of the vectors, which the kernel
//! writes for reasons of its own. The table is read where a user can map it.

mod kept;
mod left;

use tph::{MemoryType, RequesterType, SteeringTag};
use tph_lab_guest::msix::{TABLE_BAR, control_dword};
use tph_lab_guest::{Control, Endpoint, Failure, InTree, Suite, endpoint};
use vfio_tph::{Bar, CpuId, EventFd, StIndex, StMode, TagSource, VfioFunction};

use crate::check::same;

/// `msix_vectors` of the profile, the most there can be, and how many of them are set up.
const VECTORS: u16 = tph::MAX_MSIX_ENTRIES;
const USED: u16 = 8;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint, &mut Control) -> Outcome;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let Some(endpoint) = Endpoint::named("vectors") else { return };
    let tests: [(&str, Test); 10] = [
        ("in_both_modes_a_tag_lies_beside_the_mask_of_its_vector", kept::both_modes),
        ("only_vectors_that_are_set_up_take_tags", kept::allocated),
        ("a_tag_stays_when_its_vector_is_masked_and_unmasked", kept::masked),
        ("a_tag_stays_when_its_vector_moves_to_another_cpu", kept::moved),
        ("a_tag_comes_back_after_a_reset", kept::reset),
        ("tags_go_with_the_vectors_that_are_freed", left::freed),
        ("tags_go_with_the_user", left::closed),
        ("tags_that_lie_in_the_table_do_not_reach_the_next_user", left::left),
        ("tags_of_vectors_that_a_racing_user_freed_do_not_reach_the_next_one", left::raced),
        ("with_memory_off_tags_are_refused_and_nothing_is_left_behind", left::memory_off),
    ];
    for (name, test) in tests {
        suite.test(&format!("msix::{name}"), || test(&endpoint, control));
    }
    if InTree::exists() {
        let name = "msix::the_kernels_own_function_leaves_the_same_in_the_table";
        suite.test(name, || kept::in_tree(&endpoint, control));
    }
}

/// Events for the vectors that are set up.
pub(crate) fn vector_events() -> Result<Vec<EventFd>, Failure> {
    Ok((0..USED).map(|_| EventFd::new(0)).collect::<Result<_, _>>()?)
}

/// The tags that the first vectors are to get.
struct Steering(Vec<(CpuId, SteeringTag)>);

impl Steering {
    fn ask(control: &mut Control) -> Result<Self, Failure> {
        let tags = endpoint::tags(control, MemoryType::Volatile, RequesterType::ExtendedTph)?;
        Ok(Self(tags.into_iter().cycle().take(usize::from(USED)).collect()))
    }

    fn batch(&self) -> Vec<(StIndex, TagSource)> {
        let source = |cpu| TagSource::Cpu { cpu, memory: MemoryType::Volatile };
        (0..).map(StIndex).zip(self.0.iter().map(|(cpu, _)| source(*cpu))).collect()
    }

    fn bits(&self) -> Vec<u16> {
        self.0.iter().map(|(_, tag)| tag.entry_bits()).collect()
    }
}

/// The upper halves of the first vectors' control dwords.
pub(crate) fn tags(table: &Bar) -> Result<Vec<u16>, Failure> {
    let tag = |vector| table.read32(control_dword(vector)).map(|dword| (dword >> 16) as u16);
    Ok((0..USED).map(tag).collect::<Result<_, _>>()?)
}

fn masks(table: &Bar) -> Result<Vec<u16>, Failure> {
    let mask = |vector| table.read32(control_dword(vector)).map(|dword| (dword & 0xffff) as u16);
    Ok((0..USED).map(mask).collect::<Result<_, _>>()?)
}

/// Opens the device, sets up its vectors, enables `mode`, programs, and hands over to `test`.
fn steered(
    endpoint: &Endpoint,
    control: &mut Control,
    mode: StMode,
    test: impl FnOnce(&VfioFunction, &Bar, &[EventFd], &Steering) -> Outcome,
) -> Outcome {
    let function = VfioFunction::open(endpoint.address)?;
    let events = vector_events()?;
    function.enable_msix(&events)?;
    let table = function.map_bar(TABLE_BAR)?;
    let steering = Steering::ask(control)?;
    let mut tph = function.tph();
    let mut enabled = tph.enable(mode)?;
    enabled.program(&steering.batch())?;
    // A user who dies leaves no guard that cleans up.
    std::mem::forget(enabled);
    same("tags", tags(&table)?, steering.bits())?;
    test(&function, &table, &events, &steering)
}
