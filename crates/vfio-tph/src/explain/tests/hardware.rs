//! What is said of hardware and firmware.

use super::hosts::*;
use super::*;
use crate::Unreadable;

pub(super) fn device() -> Vec<Case> {
    let root = Unreadable::Permission { readable: 64 };

    vec![
        (whole(), Link::Requester, Yes, "it can send hints with 16-bit tags"),
        (laptop(), Link::Requester, No, "it has no TPH Requester capability"),
        (
            changed(|facts| facts.function.tph = Err(root)),
            Link::Requester,
            Unknown,
            "whether it can send hints: reading past byte 64 of configuration space needs CAP_SYS_ADMIN: run as root",
        ),
        (whole(), Link::Modes, Yes, "it has interrupt-vector and device-specific mode"),
        (
            nic(&[(0x104, 0x0000_0201)]),
            Link::Modes,
            No,
            "it has no-ST mode only, in which every tag is 0",
        ),
        (nic(&[(0x104, 0x0000_0200)]), Link::Modes, No, "it has no mode at all"),
        (whole(), Link::Table, Yes, "its ST table has 64 entries in the capability"),
        (switch("83:00.0"), Link::Table, Yes, "its ST table has 64 entries in the MSI-X table"),
        (
            nic(&[(0x104, 0x0000_0204)]),
            Link::Table,
            Yes,
            "its ST table has 1 entry in the capability",
        ),
        (
            facts(&known::nic_without_table(), "c1:00.0"),
            Link::Table,
            No,
            "it has no ST table, and the administrator does not let its driver hand it tags",
        ),
        (
            host(|tree| {
                tree.module(known::RELEASE, "Y");
                config(NIC, &[(0x104, 0x0000_0105)])(tree);
            }),
            Link::Table,
            Yes,
            "it has no ST table; its driver may hand it the tags",
        ),
        (
            dump(),
            Link::Table,
            Unknown,
            "it has no ST table; whether its driver may hand it tags is known when the module is \
             loaded",
        ),
        (
            nic(&[(0x104, 0x0000_0003)]),
            Link::Table,
            No,
            "it has no ST table, and no mode that does without",
        ),
        (
            facts(&known::malformed(), NIC),
            Link::Table,
            No,
            "the capability claims 256 ST entries of its own, but at most 64 can be there",
        ),
    ]
}

pub(super) fn way() -> Vec<Case> {
    let port_unread = |facts: &mut Facts| {
        let port = facts.function.root_port.as_mut().unwrap();
        port.device_capabilities_2 = Err(Unreadable::Failed);
    };
    vec![
        (whole(), Link::RootPort, Yes, "0000:00:01.0 takes 8-bit and 16-bit tags"),
        (port(&[(0x64, 0x1000)]), Link::RootPort, Yes, "0000:00:01.0 takes 8-bit tags"),
        (port(&[(0x64, 0)]), Link::RootPort, No, "0000:00:01.0 takes no hints"),
        (
            port(&[(0x64, 0x2000)]),
            Link::RootPort,
            No,
            "0000:00:01.0 takes no hints: reserved value 10b, counts as none",
        ),
        (
            changed(port_unread),
            Link::RootPort,
            Unknown,
            "what 0000:00:01.0 takes: configuration space could not be read",
        ),
        (dsa(), Link::RootPort, Yes, "it sits inside the root complex, where no port decides"),
        (port(&[(0x40, 0x0002_0010 | 5 << 20)]), Link::RootPort, No, "no root port lies above it"),
        (dump(), Link::RootPort, Unknown, "the dump shows no root port above it"),
        (whole(), Link::Routing, Yes, "0000:00:01.0 passes 16-bit tags: up to 4 TLP prefixes"),
        (
            port(&[(0x64, 0x3000), (0x70, 1 << 26)]),
            Link::Routing,
            Yes,
            "0000:00:01.0 passes 16-bit tags: its link is in Flit Mode",
        ),
        (
            switch("84:00.0"),
            Link::Routing,
            No,
            "0000:82:01.0 passes no TLP prefixes: a packet with a 16-bit tag is malformed to it",
        ),
        (
            {
                let mut facts = switch("83:00.0");
                facts.function.switches[0].device_capabilities_2 = Err(Unreadable::Failed);
                facts
            },
            Link::Routing,
            Unknown,
            "what 0000:82:00.0 passes: configuration space could not be read",
        ),
        (
            {
                let mut facts = switch("83:00.0");
                facts.function.root_port.as_mut().unwrap().device_capabilities_2 = Ok(Some(0x1000));
                facts
            },
            Link::Routing,
            Yes,
            "0000:82:00.0 passes 8-bit tags: they lie in the packet's header",
        ),
        (emulated(Ok(())), Link::Firmware, Yes, "the firmware names tags"),
        (
            emulated(Err(FirmwareError::Absent)),
            Link::Firmware,
            No,
            "the firmware of this host names no tags",
        ),
        (
            host(|tree| {
                tree.file(&format!("{FOLDER}/tph/firmware"), "0");
            }),
            Link::Firmware,
            No,
            "the firmware of this host names no tags",
        ),
        (
            host(|tree| {
                tree.remove(&format!("{FOLDER}/tph"));
                tree.remove("/sys/devices/pci0000:00/firmware_node");
            }),
            Link::Firmware,
            No,
            "the firmware of this host names no tags",
        ),
        (
            dsa(),
            Link::Firmware,
            No,
            "no root port lies above the device, so no firmware names tags",
        ),
        (whole(), Link::Firmware, Yes, "the firmware names tags"),
        (
            not_asked(),
            Link::Firmware,
            Unknown,
            "whether the host bridge's _DSM names tags only the kernel can ask",
        ),
        (dump(), Link::Firmware, Unknown, "whether the firmware names tags is not saved"),
    ]
}

#[test]
fn ports_that_keep_packets_back_are_those_of_the_explanation() {
    let port = |facts: &Facts| facts.function.switches[0].address;
    let mut facts = switch("84:00.0");
    assert_eq!(facts.function.kept_back(), [Finding::NoPrefixes(port(&facts))]);
    let narrow = Ok(Some(0x1000));
    facts.function.root_port.as_mut().unwrap().device_capabilities_2 = narrow;
    assert_eq!(facts.function.kept_back(), [], "8-bit tags lie in the header");
    let mut facts = switch("83:00.0");
    assert_eq!(facts.function.kept_back(), []);
    facts.function.switches[0].device_capabilities_2 = Err(Unreadable::Failed);
    assert_eq!(facts.function.kept_back(), [], "nothing is known");
    facts.function.tph = Ok(None);
    assert_eq!(facts.function.kept_back(), []);
}
