//! The text of lspci, as far as TPH is concerned.

use crate::{Express, Tph};
use tph::{Bdf, Completer, EndEndPrefixes, ModeSet, RequesterType, StMode, TableLocation};

/// One function of the text.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) address: &'a str,
    capabilities: Vec<Listed<'a>>,
}

/// A capability that lspci lists, with the lines below it.
#[derive(Debug)]
struct Listed<'a> {
    at: u16,
    extended: bool,
    text: &'a str,
    details: Vec<&'a str>,
}

const HINTS: &str = "Transaction Processing Hints";
/// What lies below these is no place for a capability.
const FIRST: u16 = 0x40;
const FIRST_EXTENDED: u16 = 0x100;

/// Every function, in the text's order.
pub(super) fn functions(text: &str) -> Vec<Shown<'_>> {
    let mut functions: Vec<Shown<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let Some(detail) = line.strip_prefix('\t') else {
            // Some texts of a device break the line.
            let address = line.split(' ').next().filter(|word| word.parse::<Bdf>().is_ok());
            functions.extend(address.map(|address| Shown { address, capabilities: Vec::new() }));
            continue;
        };
        let Some(function) = functions.last_mut() else { continue };
        if let Some(listed) = detail.strip_prefix("Capabilities: ") {
            function.capabilities.extend(listed_at(listed));
        } else if detail.starts_with('\t')
            && let Some(last) = function.capabilities.last_mut()
        {
            last.details.push(detail.trim());
        }
    }
    functions
}

/// `[160 v1] Transaction Processing Hints`; nothing of `<access denied>`.
fn listed_at(text: &str) -> Option<Listed<'_>> {
    let (place, text) = text.strip_prefix('[')?.split_once("] ")?;
    let (at, version) = place.split_once(' ').map_or((place, None), |(at, v)| (at, Some(v)));
    let at = u16::from_str_radix(at, 16).ok()?;
    Some(Listed { at, extended: version.is_some(), text, details: Vec::new() })
}

impl Shown<'_> {
    /// Whether a list was followed to where no capability can be.
    pub(super) fn went_astray(&self) -> bool {
        self.capabilities.len() != self.list(false).count() + self.list(true).count()
    }

    /// Whether it looked at the extended capabilities: it does if it saw that there can be some.
    pub(super) fn looks_further(&self) -> bool {
        let mut plain = self.capabilities.iter().filter(|listed| !listed.extended);
        plain.any(|listed| listed.text.starts_with("Express") || listed.text.starts_with("PCI-X"))
    }

    pub(super) fn express(&self) -> Option<Express> {
        let found = self.list(false).find(|listed| listed.text.starts_with("Express "))?;
        Some(Express { port_type: port_type(found.text)?, second: found.second() })
    }

    pub(super) fn vectors(&self) -> Option<u16> {
        let mut texts = self.list(false).map(|listed| listed.text);
        let found = texts.find_map(|text| text.strip_prefix("MSI-X: "))?;
        found.split("Count=").nth(1)?.split(' ').next()?.parse().ok()
    }

    /// The first TPH capability, if its register was there to be read.
    pub(super) fn tph(&self) -> Option<Tph> {
        self.hints().and_then(Listed::tph)
    }

    /// Whether it lists one whose register was not there.
    pub(super) fn cut_off(&self) -> bool {
        self.hints().is_some_and(|listed| listed.tph().is_none())
    }

    fn hints(&self) -> Option<&Listed<'_>> {
        self.list(true).find(|listed| listed.text == HINTS)
    }

    fn list(&self, extended: bool) -> impl Iterator<Item = &Listed<'_>> {
        let first = if extended { FIRST_EXTENDED } else { FIRST };
        let of_kind = self.capabilities.iter().filter(move |listed| listed.extended == extended);
        of_kind.take_while(move |listed| listed.at >= first)
    }
}

impl Listed<'_> {
    fn second(&self) -> Option<(Completer, EndEndPrefixes)> {
        let at = self.details.iter().position(|line| line.starts_with("DevCap2:"))?;
        let lines = self.details.get(at..)?;
        let completer = match lines.iter().find(|line| line.starts_with("FRS"))? {
            line if line.contains(" ExtTPHComp+") => Completer::ExtendedTph,
            line if line.contains(" TPHComp+") => Completer::Tph,
            line if line.contains(" TPHComp-") => Completer::None,
            _ => Completer::Reserved,
        };
        let line = lines.iter().find(|line| line.contains("EETLPPrefix"))?;
        let prefixes = match line.split("MaxEETLPPrefixes ").nth(1) {
            Some(count) => EndEndPrefixes::UpTo(count.trim().parse().ok()?),
            None => EndEndPrefixes::None,
        };
        Some((completer, prefixes))
    }

    /// It does not say whether the no-ST mode is offered, so that is taken to be.
    fn tph(&self) -> Option<Tph> {
        let has = |line: &str| self.details.contains(&line);
        let location = if has("No steering table available") {
            TableLocation::None
        } else if has("Steering table in TPH capability structure") {
            TableLocation::Capability
        } else if has("Steering table in MSI-X table") {
            TableLocation::MsixTable
        } else if has("Reserved steering table location") {
            TableLocation::Reserved
        } else {
            return None;
        };
        let mut modes = 1 << StMode::NoSt.bits();
        modes |= u8::from(has("Interrupt vector mode supported")) << StMode::InterruptVector.bits();
        modes |= u8::from(has("Device specific mode supported")) << StMode::DeviceSpecific.bits();
        let extended = has("Extended requester support");
        Some(Tph {
            at: self.at,
            modes: ModeSet::from_low_bits(modes),
            requester: if extended { RequesterType::ExtendedTph } else { RequesterType::Tph },
            location,
        })
    }
}

/// Of `Express (v2) Root Port (Slot-), IntMsgNum 0`.
fn port_type(text: &str) -> Option<u8> {
    let name = text.split_once(") ")?.1.split(", IntMsgNum").next()?;
    let name = name.split(" (Slot").next()?;
    Some(match name {
        "Endpoint" => 0,
        "Legacy Endpoint" => 1,
        "Root Port" => 4,
        "Upstream Port" => 5,
        "Downstream Port" => 6,
        "PCI-Express to PCI/PCI-X Bridge" => 7,
        "PCI/PCI-X to PCI-Express Bridge" => 8,
        "Root Complex Integrated Endpoint" => 9,
        "Root Complex Event Collector" => 10,
        other => other.strip_prefix("Unknown type ")?.parse().ok()?,
    })
}
