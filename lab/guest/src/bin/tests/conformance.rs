//! What every server of the interface must answer, answered by the module.

use tph::{CpuId, MemoryType, RequesterType};
use tph_conformance::{Facts, cases};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, VfioSubject, endpoint};

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let nic = Endpoint::named("nic0").expect("the lab's profile has nic0");
    let facts = facts(control).expect("the host knows the firmware's tags");
    for case in cases() {
        suite.test(&format!("conformance::{}", case.name), || {
            let mut subject = VfioSubject::open(nic.address)?;
            (case.run)(&mut subject, &facts).map_err(Failure::from)
        });
    }
}

/// The endpoint `nic0` and its root port agree on 16-bit tags.
fn facts(control: &mut Control) -> Result<Facts, Failure> {
    let wide = RequesterType::ExtendedTph;
    let persistent = endpoint::tags(control, MemoryType::Persistent, wide)?;
    let cpus = endpoint::tags(control, MemoryType::Volatile, wide)?;
    let first = cpus.first().map(|(cpu, _)| *cpu);
    let persistent = persistent.into_iter().find(|(cpu, _)| Some(*cpu) == first);
    let absent = CpuId(u32::try_from(cpus.len())?);
    Ok(Facts { cpus, persistent: persistent.map(|(_, tag)| tag), absent })
}
