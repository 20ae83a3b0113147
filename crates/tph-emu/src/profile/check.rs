//! What a profile must satisfy beyond its types.

use std::collections::BTreeSet;

use super::error::{Found, Table};
use super::{Flaw, FunctionProfile, Profile};
use crate::engine::registers;

pub(super) fn check(profile: &Profile) -> Result<(), Found> {
    cpus(profile)?;
    caches(profile)?;
    firmware(profile)?;
    misses(profile)?;
    let mut taken = Taken::default();
    root_ports(profile, &mut taken)?;
    functions(profile, &mut taken)
}

#[derive(Default)]
struct Taken {
    addresses: BTreeSet<tph::Bdf>,
    names: BTreeSet<String>,
}

impl Taken {
    fn take(&mut self, name: &str, address: tph::Bdf) -> Result<(), Flaw> {
        if !self.names.insert(name.to_owned()) {
            return Err(Flaw::Taken { key: "name", value: name.to_owned() });
        }
        if !self.addresses.insert(address) {
            return Err(Flaw::Taken { key: "bdf", value: address.to_string() });
        }
        Ok(())
    }
}

fn range(key: &'static str, value: u64, limits: &'static str, ok: bool) -> Result<(), Flaw> {
    if ok { Ok(()) } else { Err(Flaw::OutOfRange { key, value, limits }) }
}

fn known(profile: &Profile, cpu: u32) -> Result<(), Flaw> {
    if profile.cpus.iter().any(|known| known.id == cpu) {
        Ok(())
    } else {
        Err(Flaw::NoSuchCpu(cpu))
    }
}

fn misses(profile: &Profile) -> Result<(), Found> {
    let Some(misses) = profile.misses else { return Ok(()) };
    let shares =
        [("steered", misses.steered), ("unsteered", misses.unsteered), ("noise", misses.noise)];
    for (key, share) in shares {
        range(key, u64::from(share), "0 to 1000", share <= 1000).map_err(|flaw| Found {
            table: Table::Misses,
            index: 0,
            name: "misses".into(),
            flaw,
        })?;
    }
    Ok(())
}

fn cpus(profile: &Profile) -> Result<(), Found> {
    if profile.cpus.is_empty() {
        let name = profile.name.clone();
        return Err(Found { table: Table::Profile, index: 0, name, flaw: Flaw::Empty("cpus") });
    }
    let (mut ids, mut uids) = (BTreeSet::new(), BTreeSet::new());
    for (index, cpu) in profile.cpus.iter().enumerate() {
        let flaw = if !ids.insert(cpu.id) {
            Err(Flaw::Taken { key: "id", value: cpu.id.to_string() })
        } else if !uids.insert(cpu.uid) {
            Err(Flaw::Taken { key: "uid", value: cpu.uid.to_string() })
        } else {
            let max = super::CpuList::MAX;
            range("id", u64::from(cpu.id), "at most 65535", cpu.id <= max)
        };
        let name = format!("cpu {}", cpu.id);
        flaw.map_err(|flaw| Found { table: Table::Cpus, index, name, flaw })?;
    }
    Ok(())
}

fn caches(profile: &Profile) -> Result<(), Found> {
    let mut ids = BTreeSet::new();
    for (index, cache) in profile.caches.iter().enumerate() {
        let flaw = if !ids.insert(cache.id) {
            Err(Flaw::Taken { key: "id", value: cache.id.to_string() })
        } else if cache.cpus.is_empty() {
            Err(Flaw::Empty("cpus"))
        } else {
            cache.cpus.iter().try_for_each(|cpu| known(profile, cpu)).and_then(|()| {
                let level = cache.level;
                range("level", u64::from(level), "1 to 4", (1..=4).contains(&level))
            })
        };
        let name = format!("cache {}", cache.id);
        flaw.map_err(|flaw| Found { table: Table::Caches, index, name, flaw })?;
    }
    Ok(())
}

fn firmware(profile: &Profile) -> Result<(), Found> {
    let words = profile.firmware.iter().flat_map(|firmware| &firmware.words);
    let mut cpus = BTreeSet::new();
    for word in words {
        let flaw = if cpus.insert(word.cpu) {
            known(profile, word.cpu)
        } else {
            Err(Flaw::Taken { key: "cpu", value: word.cpu.to_string() })
        };
        let name = format!("firmware, word of CPU {}", word.cpu);
        flaw.map_err(|flaw| Found { table: Table::Firmware, index: 0, name, flaw })?;
    }
    Ok(())
}

fn root_ports(profile: &Profile, taken: &mut Taken) -> Result<(), Found> {
    let mut buses = BTreeSet::new();
    for (index, port) in profile.root_ports.iter().enumerate() {
        let flaw = taken.take(&port.name, port.bdf).and_then(|()| {
            range("completer", u64::from(port.completer), "0 to 3", port.completer <= 3)?;
            if port.bus != port.bdf.bus && buses.insert((port.bdf.segment, port.bus)) {
                return Ok(());
            }
            Err(Flaw::Taken { key: "bus", value: format!("{:#04x}", port.bus) })
        });
        let name = format!("root port {}", port.name);
        flaw.map_err(|flaw| Found { table: Table::RootPorts, index, name, flaw })?;
    }
    Ok(())
}

fn functions(profile: &Profile, taken: &mut Taken) -> Result<(), Found> {
    for (index, function) in profile.functions.iter().enumerate() {
        let flaw = taken
            .take(&function.name, function.bdf)
            .and_then(|()| place(profile, function))
            .and_then(|()| sizes(function))
            .and_then(|()| capability(function));
        let name = format!("function {}", function.name);
        flaw.map_err(|flaw| Found { table: Table::Functions, index, name, flaw })?;
    }
    Ok(())
}

fn place(profile: &Profile, function: &FunctionProfile) -> Result<(), Flaw> {
    let Some(name) = &function.root_port else {
        return Ok(());
    };
    let port = profile.root_ports.iter().find(|port| port.name == *name);
    let port = port.ok_or_else(|| Flaw::NoSuchRootPort(name.clone()))?;
    if (function.bdf.segment, function.bdf.bus) == (port.bdf.segment, port.bus) {
        return Ok(());
    }
    Err(Flaw::WrongBus { found: function.bdf.bus, expected: port.bus })
}

fn sizes(function: &FunctionProfile) -> Result<(), Flaw> {
    let FunctionProfile { class, queues, msix_vectors, bar_size, max_payload, memory, .. } =
        *function;
    range("class", u64::from(class), "24 bits", class <= 0xff_ffff)?;
    range("queues", u64::from(queues), "1 to 2048", (1..=2048).contains(&queues))?;
    range("msix_vectors", u64::from(msix_vectors), "0 to 2048", msix_vectors <= 2048)?;
    let power =
        |value: u32, least, most| value.is_power_of_two() && (least..=most).contains(&value);
    range(
        "bar_size",
        u64::from(bar_size),
        "a power of two from 0x2000 to 0x100000",
        power(bar_size, 0x2000, 0x10_0000),
    )?;
    range(
        "max_payload",
        u64::from(max_payload),
        "a power of two from 128 to 4096",
        power(u32::from(max_payload), 128, 4096),
    )?;
    range(
        "memory",
        u64::from(memory),
        "0, or a power of two from 0x1000 to 0x1000000",
        memory == 0 || power(memory, 0x1000, 0x100_0000),
    )?;
    let most = registers::MAX_PLACES;
    range("places", u64::from(function.places), "0 to 256", function.places <= most)?;
    range("completer", u64::from(function.completer), "0 to 3", function.completer <= 3)?;
    let needed = registers::bar_bytes(queues);
    if needed > bar_size { Err(Flaw::QueuesDoNotFit { queues, needed }) } else { Ok(()) }
}

fn capability(function: &FunctionProfile) -> Result<(), Flaw> {
    let Some(tph) = function.tph else {
        return Ok(());
    };
    let first = tph.offset == 0x100 || tph.offset >= 0x10c;
    range(
        "offset",
        u64::from(tph.offset),
        "0x100, or a multiple of 4 from 0x10c to 0xffc",
        first && tph.offset % 4 == 0 && tph.offset < tph::ConfigOffset::SPACE,
    )?;
    range("modes", u64::from(tph.modes), "0 to 7", tph.modes <= 7)?;
    range("location", u64::from(tph.location), "0 to 3", tph.location <= 3)?;
    range("entries", u64::from(tph.entries), "1 to 2048", (1..=2048).contains(&tph.entries))
}
