//! The crate pcics 0.3.2 as a second decoder of the same configuration spaces.

use pcics::capabilities::CapabilityKind;
use pcics::capabilities::pci_express::{DeviceType, MaxEndEndTlpPrefixes, TphCompleter};
use pcics::extended_capabilities::ExtendedCapabilityKind;
use pcics::extended_capabilities::tph_requester::{StTable, TphRequester};
use pcics::{Capabilities, DDR_OFFSET, ECS_OFFSET, ExtendedCapabilities, Header};
use tph::{Completer, EndEndPrefixes, ModeSet, RequesterType, StMode, TableLocation};
use tph_lab_hosts::ConfigImage;
use tph_peers::{Express, Reading, Tally, Tph, functions};

/// More members than a list without a loop has: pcics follows a loop for ever.
const LONGEST: usize = 500;
const STATUS_CAPABILITIES_LIST: u8 = 1 << 4;

#[test]
fn it_reads_what_we_read() {
    let mut tally = Tally::default();
    for function in functions(7, 5000) {
        one(&mut tally, &function.address, &function.image);
    }
    println!("pcics: {tally}");
    assert!(tally.differences.is_empty(), "{tally}");
    assert!(tally.counts["with TPH, compared"] > 1000, "{tally}");
}

fn one(tally: &mut Tally, address: &str, image: &ConfigImage) {
    let bytes = &image.0;
    if bytes.len() < 4096 {
        return tally.explain("a space that is cut off is nothing for pcics");
    }
    if bytes[0x0e] & 0x7f > 1 {
        return tally.explain("CardBus and unknown headers are read differently");
    }
    let ours = Reading::ours(image);
    let header = Header::try_from(&bytes[..64]).expect("64 bytes are a header");
    if bytes[6] & STATUS_CAPABILITIES_LIST == 0 {
        tally.explain("pcics does not ask Status whether there is a list");
    } else {
        conventional(tally, address, &header, bytes, &ours);
    }
    extended(tally, address, &bytes[ECS_OFFSET..], &ours);
}

fn conventional(tally: &mut Tally, address: &str, header: &Header, bytes: &[u8], ours: &Reading) {
    let list = Capabilities::new(&bytes[DDR_OFFSET..ECS_OFFSET], header);
    let mut theirs = Reading::default();
    let mut at = header.capabilities_pointer;
    for capability in list.take(LONGEST) {
        if at & 3 != 0 {
            return tally.explain("pcics does not leave out the low bits of a pointer");
        }
        let found = bytes.get(usize::from(at)..usize::from(at) + 2);
        let ends = found.is_none_or(|found| found[0] == 0xff) || at < 0x40;
        let Ok(capability) = capability else {
            return tally.explain("pcics gives up where a capability is not as it knows it");
        };
        if ends {
            break;
        }
        match capability.kind {
            CapabilityKind::PciExpress(express) if theirs.express.is_none() => {
                theirs.express = Some(read_express(&express));
            }
            CapabilityKind::MsiX(msix) if theirs.vectors.is_none() => {
                theirs.vectors = Some(msix.message_control.table_size + 1);
            }
            _ => {}
        }
        at = bytes[usize::from(at) + 1];
    }
    tally.count("lists of capabilities");
    tally.same(&address, "PCI Express", &theirs.express, &ours.express);
    tally.same(&address, "MSI-X vectors", &theirs.vectors, &ours.vectors);
}

fn read_express(express: &pcics::capabilities::PciExpress) -> Express {
    let port_type = match express.device_type {
        DeviceType::Endpoint { .. } => 0,
        DeviceType::LegacyEndpoint { .. } => 1,
        DeviceType::RootPort { .. } => 4,
        DeviceType::UpstreamPort { .. } => 5,
        DeviceType::DownstreamPort { .. } => 6,
        DeviceType::PcieToPciBridge { .. } => 7,
        DeviceType::PciToPcieBridge { .. } => 8,
        DeviceType::RootComplexIntegratedEndpoint => 9,
        DeviceType::RootComplexEventCollector { .. } => 10,
        DeviceType::Reserved { id, .. } => id,
    };
    let second = express.device_2.as_ref().map(|second| {
        let second = &second.capabilities;
        let completer = match second.tph_completer_supported {
            TphCompleter::NotSupported => Completer::None,
            TphCompleter::Tph => Completer::Tph,
            TphCompleter::Reserved => Completer::Reserved,
            TphCompleter::TphAndExtendedTph => Completer::ExtendedTph,
        };
        let prefixes = match second.max_end_end_tlp_prefixes {
            _ if !second.end_end_tlp_prefix_supported => EndEndPrefixes::None,
            MaxEndEndTlpPrefixes::Max1 => EndEndPrefixes::UpTo(1),
            MaxEndEndTlpPrefixes::Max2 => EndEndPrefixes::UpTo(2),
            MaxEndEndTlpPrefixes::Max3 => EndEndPrefixes::UpTo(3),
            MaxEndEndTlpPrefixes::Max4 => EndEndPrefixes::UpTo(4),
        };
        (completer, prefixes)
    });
    Express { port_type, second }
}

fn extended(tally: &mut Tally, address: &str, space: &[u8], ours: &Reading) {
    let mut theirs = None;
    for capability in ExtendedCapabilities::new(space).take(LONGEST) {
        let Ok(capability) = capability else {
            return tally.explain("pcics gives up where a capability is not as it knows it");
        };
        if capability.offset & 3 != 0 {
            return tally.explain("pcics does not leave out the low bits of a pointer");
        }
        if let ExtendedCapabilityKind::TphRequester(tph) = capability.kind {
            theirs = Some(read_tph(capability.offset, &tph));
            break;
        }
    }
    tally.count(if theirs.is_some() { "with TPH, compared" } else { "without TPH, compared" });
    tally.same(&address, "TPH", &theirs, &ours.tph);
}

fn read_tph(at: u16, tph: &TphRequester<'_>) -> Tph {
    let register = &tph.tph_requester_capability;
    let modes = [
        (StMode::NoSt, register.no_st_mode_supported),
        (StMode::InterruptVector, register.interrupt_vector_mode_supported),
        (StMode::DeviceSpecific, register.device_specific_mode_supported),
    ];
    let bits = modes.iter().fold(0, |bits, (mode, on)| bits | u8::from(*on) << mode.bits());
    let extended = register.extended_tph_requester_supported;
    Tph {
        at,
        modes: ModeSet::from_low_bits(bits),
        requester: if extended { RequesterType::ExtendedTph } else { RequesterType::Tph },
        location: match register.st_table {
            StTable::NotPresent => TableLocation::None,
            StTable::Valid { .. } | StTable::Invalid { .. } => TableLocation::Capability,
            StTable::MsiXTable { .. } => TableLocation::MsixTable,
            StTable::Reserved => TableLocation::Reserved,
        },
    }
}
