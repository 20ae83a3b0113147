//! What every server of the interface must answer, answered by the module.

use tph::{CpuId, MemoryType, RequesterType};
use tph_conformance::{Case, Facts, cases, direct_cases};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, VfioSubject, endpoint, module};

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    // A host whose firmware names few tags or none runs other tests than these.
    let facts = facts(control).map_err(|failure| failure.to_string());
    for case in cases() {
        let name = format!("conformance::{}", case.name);
        suite.test(&name, || check(&nic, &case, facts.as_ref().map_err(Clone::clone)?));
    }
    let Some(direct) = Endpoint::named("direct") else { return };
    if !module::allows_direct_tags().unwrap_or(false) {
        return;
    }
    for case in direct_cases() {
        let name = format!("conformance::direct_tags::{}", case.name);
        suite.test(&name, || check(&direct, &case, facts.as_ref().map_err(Clone::clone)?));
    }
}

fn check(endpoint: &Endpoint, case: &Case, facts: &Facts) -> Result<(), Failure> {
    let mut subject = VfioSubject::open(endpoint.address)?;
    (case.run)(&mut subject, facts).map_err(Failure::from)
}

/// Both endpoints and their root ports agree on 16-bit tags.
fn facts(control: &mut Control) -> Result<Facts, Failure> {
    let wide = RequesterType::ExtendedTph;
    let persistent = endpoint::tags(control, MemoryType::Persistent, wide)?;
    let cpus = endpoint::tags(control, MemoryType::Volatile, wide)?;
    let first = cpus.first().map(|(cpu, _)| *cpu);
    let persistent = persistent.into_iter().find(|(cpu, _)| Some(*cpu) == first);
    let (_, persistent) = persistent.ok_or("firmware names no tag for persistent memory")?;
    let absent = CpuId(u32::try_from(cpus.len())?);
    Ok(Facts { cpus, persistent, absent })
}
