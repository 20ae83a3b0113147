//! libvfiotph: programs in C on a real kernel.

use std::process::Command;

use tph::{MemoryType, ProcessingHint, RequesterType, SteeringTag, Tag8, Tag16, TphCapability};
use tph_lab_guest::bind::rebind;
use tph_lab_guest::endpoint::{self, Hint};
use tph_lab_guest::{Control, Endpoint, Failure, Suite, module};
use vfio_tph::{CpuId, Host, VfioFunction};

use crate::check::same;

type Outcome = Result<(), Failure>;
type Test = fn(&Endpoint, &mut Control) -> Outcome;

/// The queues that the example uses.
const QUEUES: usize = 8;
const WIDE: RequesterType = RequesterType::ExtendedTph;

pub(crate) fn run(suite: &mut Suite, control: &mut Control) {
    let tests: [(&str, &str, Test); 4] = [
        ("nic0", "the_example_steers_each_queue_and_cleans_up", example),
        ("nic0", "a_device_does_all_that_it_should_opened_and_adopted", served),
        ("nic0", "vfio_pci_is_told_apart_from_the_module", stock),
        ("direct", "direct_tags_come_with_their_width", direct_tags),
    ];
    for (name, title, test) in tests {
        suite.test(&format!("c_library::{title}"), || {
            // Profiles of guests for a few tests have other endpoints.
            let endpoint = Endpoint::named(name).ok_or("no such endpoint")?;
            test(&endpoint, control)
        });
    }
    suite.test("c_library::memory_goes_to_another_process_with_its_tags", || {
        share(&Endpoint::named("accel").ok_or("no such endpoint")?)
    });
}

fn example(nic: &Endpoint, control: &mut Control) -> Outcome {
    let group = Host::default().iommu_group(nic.address).ok_or("no IOMMU group")?;
    steers_each_queue(nic, control, "c-steer", vec![group.to_string()])
}

/// A program whose words are those given, the address and a CPU for each queue: each queue carries the
/// tag of its CPU, and nothing is left afterwards.
pub(crate) fn steers_each_queue(
    nic: &Endpoint,
    control: &mut Control,
    program: &str,
    mut words: Vec<String>,
) -> Outcome {
    let function = VfioFunction::open(nic.address)?;
    let capability = TphCapability::find(&mut function.config())?.ok_or("no TPH capability")?;
    let at = capability.control().ok_or("no control register")?;
    drop(function);
    let tags = endpoint::tags(control, MemoryType::Volatile, WIDE)?;
    let tags: Vec<_> = tags.into_iter().cycle().take(QUEUES).collect();
    words.push(nic.address.to_string());
    words.extend(tags.iter().map(|(cpu, _)| cpu.0.to_string()));
    let sent = nic.sent(control, || said(program, &words).map(drop))?;
    for (queue, (_, tag)) in (0..).zip(&tags) {
        let row = sent.iter().find(|row| row.queue == queue).ok_or("a queue sent nothing")?;
        let wanted = Hint { tag: tag.entry_bits(), tag_bits: WIDE.tag_bits() };
        same(&format!("queue {queue}"), row.only_hint(), Some(Some(wanted)))?;
    }
    let dwords = 1 + capability.table_entries().div_ceil(2);
    let held = control.registers(&nic.name, at.get(), dwords)?;
    same("registers that are not 0", held.into_iter().filter(|dword| *dword != 0).count(), 0)
}

fn served(nic: &Endpoint, _: &mut Control) -> Outcome {
    said("c-device", &[nic.address.to_string(), "served".into()]).map(drop)
}

fn stock(nic: &Endpoint, _: &mut Control) -> Outcome {
    rebind(nic.address, "vfio-pci")?;
    let outcome = said("c-device", &[nic.address.to_string(), "stock".into()]);
    rebind(nic.address, "vfio-pci-tph")?;
    outcome.map(drop)
}

fn direct_tags(nic: &Endpoint, control: &mut Control) -> Outcome {
    let tags = endpoint::tags(control, MemoryType::Volatile, WIDE)?;
    let mut words = vec![nic.address.to_string(), "tags".into()];
    words.extend(tags.iter().map(|(CpuId(cpu), _)| cpu.to_string()));
    let printed = said("c-device", &words);
    if !module::allows_direct_tags()? {
        let refusal = printed.err().ok_or("tags without the switch")?.to_string();
        return same("refused", refusal.contains("enable_unsafe_tph_ds=1"), true);
    }
    let expected =
        tags.iter().map(|(_, tag)| format!("{} {}\n", WIDE.tag_bits(), tag.entry_bits()));
    same("tags", printed?, expected.collect())
}

/// A process of the accelerator's driver, and one of the NIC's.
fn share(accelerator: &Endpoint) -> Outcome {
    let nic = Endpoint::named("nic0").ok_or("no nic0")?;
    let mut words = vec![accelerator.address.to_string(), nic.address.to_string()];
    if Host::default().dma_buf_feature().is_none() {
        return said("c-share", &words).map(drop);
    }
    let tags = [SteeringTag::Standard(Tag8(0xf0)), SteeringTag::Extended(Tag16(0x51e0))];
    words.extend(tags.iter().map(|tag| tag.entry_bits().to_string()));
    let line = |requester: RequesterType, tag: SteeringTag| {
        let hint = ProcessingHint::Target.bits();
        format!("{} {} {hint}\n", requester.tag_bits(), tag.entry_bits())
    };
    let expected = [line(WIDE, tags[1]), line(RequesterType::Tph, tags[0])].concat();
    same("what the NIC's process is answered", said("c-share", &words)?, expected)
}

/// What a program prints; if it fails, what it complains about.
fn said(program: &str, words: &[String]) -> Result<String, Failure> {
    let output = Command::new(format!("/bin/{program}")).args(words).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {complaint}", output.status).into())
}
