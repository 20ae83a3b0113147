//! The links that hardware and firmware make: the device, the ports above it, who names tags.

use tph::{Capability, Completer, EndEndPrefixes, FirmwareError, ModeSet};
use tph::{RequesterType, StMode, StTable};

use super::{Evidence, Facts, Finding, FirmwareTags, Link, Reason, Served};
use crate::kernel::DIRECT_TAGS;
use crate::{FunctionView, PortView, TphView};

/// Their reasons, in any order.
pub(super) fn reasons(facts: &Facts) -> Vec<Reason> {
    let mut reasons = vec![requester(facts)];
    if let Some(tph) = facts.function.tph() {
        reasons.push(modes(facts, tph));
        reasons.push(table(facts, tph));
    }
    reasons.push(root_port(facts));
    reasons.extend(routing(&facts.function));
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
pub(super) fn routing(function: &FunctionView) -> Vec<Reason> {
    let Ok(Some(requester)) = function.agreed_requester() else { return Vec::new() };
    let switches = function.switches.iter();
    let root_port = function.root_port.iter();
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
    let (finding, evidence) = match &facts.firmware {
        _ if facts.function.is_integrated() => {
            (Finding::NoTags(FirmwareError::NoRootPort), Vec::new())
        }
        FirmwareTags::Asked { answer, place } => {
            let said = if answer.is_ok() { "1" } else { "0" };
            let evidence = place.iter().map(|place| Evidence::file(place, said)).collect();
            let finding = answer.map_or_else(Finding::NoTags, |()| Finding::FirmwareNamesTags);
            (finding, evidence)
        }
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
