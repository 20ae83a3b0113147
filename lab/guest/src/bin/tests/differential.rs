//! The module and the emulated host, with the same profile and the same requests, are equal in all
//! that a user can see. The emulated host runs in this process, beside the device.

use std::env;
use std::fs;
use std::path::Path;

use tph::ConfigOffset;
use tph_abi::{Errno, Transport};
use tph_conformance::Subject;
use tph_differential::{Campaign, Emulated, Pair, Rights, Side, Target};
use tph_emu::profile::FunctionProfile;
use tph_emu::{DirectTags, Profile};
use tph_lab_guest::{Endpoint, Failure, Suite, VfioSubject};
use tph_lab_wire::{profile_path, variables};

/// Sequences in a guest, and their seed, where the lab does not say.
const SEQUENCES: u64 = 1000;
const SEED: u64 = 1;
/// One sequence in so many has a reset, or a closing and opening: they take a tenth of a second.
const RARE: u32 = 200;

type Outcome = Result<(), Failure>;

/// An endpoint of this guest and what it was made from.
pub(crate) struct Known {
    pub(crate) endpoint: Endpoint,
    pub(crate) profile: Profile,
    pub(crate) function: FunctionProfile,
}

pub(crate) fn run(suite: &mut Suite) {
    let endpoints = known();
    let share = number(variables::SEQUENCES, SEQUENCES).div_ceil(endpoints.len().max(1) as u64);
    let seed = number(variables::SEED, SEED);
    for (index, known) in endpoints.iter().enumerate() {
        let campaign = Campaign { seed: seed + index as u64, sequences: share, rare: RARE };
        let name = format!("differential::the_module_equals_the_emulated_host_on_{}", known.name());
        suite.test(&name, || compare(known, &campaign));
    }
    if let Some(known) = endpoints.iter().find(|known| known.name() == "nic0") {
        suite.test("differential::a_module_that_enables_twice_would_be_found_out", || {
            find_fault(known)
        });
    }
}

/// What a variable of the lab says.
pub(crate) fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

impl Known {
    fn name(&self) -> &str {
        &self.endpoint.name
    }

    fn emulated(&self) -> Result<Emulated, Failure> {
        Ok(Emulated::open(&self.profile, self.name(), direct_tags()?)?)
    }
}

/// The endpoints in the order of the profiles. The CPUs and the firmware are the first profile's.
pub(crate) fn known() -> Vec<Known> {
    let texts = (0..).map(profile_path).take_while(|path| Path::new(path).exists());
    let mut profiles: Vec<Profile> =
        texts.map(|path| Profile::read(Path::new(&path)).expect("the lab has read it")).collect();
    let first = profiles.first().cloned();
    for (profile, first) in profiles.iter_mut().zip(std::iter::repeat(first).flatten()) {
        (profile.cpus, profile.caches) = (first.cpus.clone(), first.caches.clone());
        profile.firmware = first.firmware;
    }
    let functions = profiles.iter().flat_map(|profile| {
        profile.functions.iter().map(move |function| (profile.clone(), function.clone()))
    });
    Endpoint::all()
        .into_iter()
        .zip(functions)
        .map(|(endpoint, (profile, function))| Known { endpoint, profile, function })
        .collect()
}

/// How the module was loaded.
fn direct_tags() -> Result<DirectTags, Failure> {
    let path = "/sys/module/vfio_pci_tph/parameters/enable_unsafe_tph_ds";
    let on = fs::read_to_string(path)?.trim() == "Y";
    Ok(if on { DirectTags::Allowed } else { DirectTags::Refused })
}

/// Turns CPUs on and off as the profile has them.
fn set_cpus(profile: &Profile) -> Outcome {
    for cpu in &profile.cpus {
        let path = format!("/sys/devices/system/cpu/cpu{}/online", cpu.id);
        // A CPU that cannot be turned off has no such file.
        if let Ok(online) = fs::read_to_string(&path) {
            let wanted = if cpu.online { "1" } else { "0" };
            if online.trim() != wanted {
                fs::write(&path, wanted)?;
            }
        }
    }
    Ok(())
}

fn compare(known: &Known, campaign: &Campaign) -> Outcome {
    set_cpus(&known.profile)?;
    let mut module = VfioSubject::open(known.endpoint.address)?;
    let mut emulated = known.emulated()?;
    let target = Target::of(&known.profile, &known.function);
    let mut pair = Pair { module: &mut module, emulated: &mut emulated };
    let totals = campaign.run(&mut pair, &target)?;
    println!("{}: {totals}", known.name());
    Ok(())
}

/// The module as it would be with a fault.
struct EnablesTwice(VfioSubject);

impl Transport for EnablesTwice {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        match self.0.call(request) {
            Err(Errno::EBUSY) => Ok(()),
            other => other,
        }
    }
}

impl Subject for EnablesTwice {
    fn config(&mut self, offset: ConfigOffset) -> u32 {
        self.0.config(offset)
    }
    fn reset(&mut self) {
        self.0.reset();
    }
    fn reopen(&mut self) {
        self.0.reopen();
    }
}

impl Side for EnablesTwice {
    fn write_config(&mut self, offset: u16, bytes: &[u8]) -> Result<(), Errno> {
        self.0.write_config(offset, bytes)
    }
    fn set_up_vectors(&mut self, count: u16) -> Result<(), Errno> {
        self.0.set_up_vectors(count)
    }
    fn free_vectors(&mut self) -> Result<(), Errno> {
        self.0.free_vectors()
    }
    fn set_rights(&mut self, rights: Rights) {
        self.0.set_rights(rights);
    }
    fn tags(&mut self, count: u16) -> Vec<u16> {
        self.0.tags(count)
    }
}

fn find_fault(known: &Known) -> Outcome {
    set_cpus(&known.profile)?;
    let mut module = EnablesTwice(VfioSubject::open(known.endpoint.address)?);
    let mut emulated = known.emulated()?;
    let target = Target::of(&known.profile, &known.function);
    let mut pair = Pair { module: &mut module, emulated: &mut emulated };
    let found = Campaign { seed: SEED, sequences: 200, rare: RARE }.run(&mut pair, &target);
    match found {
        Err(mismatch) if mismatch.steps.len() == 2 => {
            println!("found, as it should be: {mismatch}");
            Ok(())
        }
        Err(mismatch) => Err(mismatch.into()),
        Ok(totals) => Err(format!("nothing was found in {totals}").into()),
    }
}
