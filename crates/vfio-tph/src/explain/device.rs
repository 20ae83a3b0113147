//! The links that hardware and firmware make: the device, the ports above it, who names tags.

use tph::{
    Capability, Completer, Control, EndEndPrefixes, FirmwareError, ModeSet, RequesterEnable,
};
use tph::{RequesterType, StIndex, StMode, StTable, entry_offset};

use super::{Evidence, Facts, Finding, FirmwareTags, Link, Reason, Served};
use crate::binding::DRIVER;
use crate::kernel::DIRECT_TAGS;
use crate::{PortView, TphView};

/// Their reasons, in any order.
pub(super) fn reasons(facts: &Facts) -> Vec<Reason> {
    let mut reasons = vec![requester(facts)];
    if let Some(tph) = facts.function.tph() {
        reasons.push(modes(facts, tph));
        reasons.push(table(facts, tph));
    }
    reasons.push(root_port(facts));
    reasons.extend(routing(facts));
    reasons.push(firmware(facts));
    reasons
}

/// The modes in which tags steer.
pub(super) fn steering(modes: ModeSet) -> impl Iterator<Item = StMode> {
    modes.iter().filter(|mode| *mode != StMode::NoSt)
}

fn reason(link: Link, finding: Finding, evidence: Vec<Evidence>) -> Reason {
    Reason { link, finding, evidence }
}

fn requester(facts: &Facts) -> Reason {
    let (finding, evidence) = match &facts.function.tph {
        Ok(Some(tph)) => {
            let requester = tph.capability.register.requester_type();
            (Finding::HasRequester(requester), vec![header(facts, tph), capability(facts, tph)])
        }
        Ok(None) => (Finding::NoRequester, Vec::new()),
        Err(why) => (Finding::RequesterUnreadable(*why), Vec::new()),
    };
    reason(Link::Requester, finding, evidence)
}

fn header(facts: &Facts, tph: &TphView) -> Evidence {
    Evidence::Register {
        function: facts.function.address,
        name: "TPH Requester Extended Capability Header",
        offset: Some(tph.capability.offset),
        value: tph.header.0,
    }
}

fn capability(facts: &Facts, tph: &TphView) -> Evidence {
    Evidence::Register {
        function: facts.function.address,
        name: "TPH Requester Capability",
        offset: tph.capability.offset.checked_add(Capability::OFFSET),
        value: tph.capability.register.0,
    }
}

fn modes(facts: &Facts, tph: &TphView) -> Reason {
    let modes = tph.capability.register.modes();
    let finding = match steering(modes).next() {
        Some(_) => Finding::Modes(modes),
        None => Finding::NoSteeringMode(modes),
    };
    reason(Link::Modes, finding, vec![capability(facts, tph)])
}

fn table(facts: &Facts, tph: &TphView) -> Reason {
    let mut evidence = vec![capability(facts, tph)];
    let direct = tph.capability.register.modes().contains(StMode::DeviceSpecific);
    let finding = match tph.capability.table {
        Err(malformed) => Finding::Malformed(malformed),
        Ok(StTable::None) if !direct => Finding::NoTable,
        Ok(StTable::None) => {
            let allowed = direct_tags(facts);
            let yes = allowed.map(|allowed| if allowed { "Y" } else { "N" });
            let in_linux = matches!(facts.served, Served::Linux { .. });
            let file = yes.map(|text| Evidence::file(DIRECT_TAGS, text));
            evidence.extend(file.filter(|_| in_linux));
            match allowed {
                Some(true) => Finding::DirectTagsAllowed,
                Some(false) => Finding::DirectTagsRefused,
                None => Finding::DirectTagsNotTold,
            }
        }
        Ok(table) => Finding::Table(table),
    };
    reason(Link::Table, finding, evidence)
}

fn direct_tags(facts: &Facts) -> Option<bool> {
    match &facts.served {
        Served::Linux { kernel, .. } => kernel.module.as_ref()?.direct_tags,
        Served::Emulated { direct_tags } => Some(*direct_tags),
    }
}

fn register(port: &PortView) -> Vec<Evidence> {
    let value = port.device_capabilities_2.ok().flatten();
    let evidence = value.map(|value| Evidence::Register {
        function: port.address,
        name: "Device Capabilities 2",
        offset: None,
        value,
    });
    evidence.into_iter().collect()
}

fn root_port(facts: &Facts) -> Reason {
    let (finding, evidence) = match &facts.function.root_port {
        _ if facts.function.is_integrated() => (Finding::Integrated, Vec::new()),
        None if facts.whole_bus => (Finding::NoRootPort, Vec::new()),
        None => (Finding::RootPortNotTold, Vec::new()),
        Some(port) => (completer(port), register(port)),
    };
    reason(Link::RootPort, finding, evidence)
}

fn completer(port: &PortView) -> Finding {
    match port.completer() {
        Err(why) => Finding::RootPortUnreadable(port.address, why),
        Ok(completer) if completer.requester_type().is_none() => {
            Finding::RootPortTakesNone(port.address, completer)
        }
        Ok(completer @ (Completer::Tph | Completer::ExtendedTph)) => {
            Finding::RootPortTakes(port.address, completer)
        }
        Ok(other) => Finding::RootPortTakesNone(port.address, other),
    }
}

/// Each port that a packet passes: those of switches; with 16-bit tags the root port too, since they
/// need what it may not have.
fn routing(facts: &Facts) -> Vec<Reason> {
    let Ok(Some(requester)) = facts.function.agreed_requester() else { return Vec::new() };
    let switches = facts.function.switches.iter();
    let root_port = facts.function.root_port.iter();
    let ports = switches.chain(root_port.filter(|_| requester == RequesterType::ExtendedTph));
    ports.map(|port| reason(Link::Routing, passes(port, requester), register(port))).collect()
}

fn passes(port: &PortView, requester: RequesterType) -> Finding {
    let address = port.address;
    match (requester, port.prefixes()) {
        (RequesterType::Tph, _) => Finding::Passes8(address),
        (_, Err(why)) => Finding::PortUnreadable(address, why),
        (_, Ok(EndEndPrefixes::UpTo(most))) => Finding::PassesPrefixes(address, most),
        (_, Ok(EndEndPrefixes::None)) if port.flit_mode => Finding::FlitMode(address),
        (_, Ok(EndEndPrefixes::None)) => Finding::NoPrefixes(address),
    }
}

fn firmware(facts: &Facts) -> Reason {
    let programmed = programmed(facts);
    let (finding, evidence) = match &facts.firmware {
        _ if facts.function.is_integrated() => {
            (Finding::NoTags(FirmwareError::NoRootPort), Vec::new())
        }
        FirmwareTags::Asked(Ok(())) => (Finding::FirmwareNamesTags, Vec::new()),
        FirmwareTags::Asked(Err(why)) => (Finding::NoTags(*why), Vec::new()),
        _ if programmed.is_some() => programmed.unwrap_or((Finding::FirmwareNotTold, Vec::new())),
        FirmwareTags::NotTold => (Finding::FirmwareNotTold, Vec::new()),
        FirmwareTags::HostBridge { place, acpi: None } => {
            (Finding::NoTags(FirmwareError::Absent), vec![Evidence::path(place)])
        }
        FirmwareTags::HostBridge { place, acpi: Some(acpi) } => {
            (Finding::FirmwareNotAsked, vec![Evidence::file(place, acpi)])
        }
    };
    reason(Link::Firmware, finding, evidence)
}

/// An entry that holds a tag while the module has the device: it takes tags from firmware alone.
fn programmed(facts: &Facts) -> Option<(Finding, Vec<Evidence>)> {
    let tph = facts.function.tph()?;
    let on = tph.control.map(Control::enable);
    let ours = facts.function.driver.as_deref() == Some(DRIVER);
    if !ours || !matches!(on, Some(RequesterEnable::On(_))) {
        return None;
    }
    let at = tph.entries.iter().position(|bits| *bits != 0)?;
    let (index, bits) = (StIndex(u16::try_from(at).ok()?), tph.entries[at]);
    let evidence = Evidence::Register {
        function: facts.function.address,
        name: "TPH ST Table",
        offset: entry_offset(tph.capability.offset, index).map(|(offset, _)| offset),
        value: u32::from(bits),
    };
    Some((Finding::TagProgrammed(index, bits), vec![evidence]))
}
