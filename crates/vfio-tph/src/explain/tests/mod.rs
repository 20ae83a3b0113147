//! Every sentence, each on a host on which it is true.

mod hardware;
mod hosts;
mod linux;

use std::collections::BTreeSet;

use tph::FirmwareError;
use tph_lab_hosts::{ConfigImage, FunctionFiles, Tree, known};

use super::Answer::{No, Unknown, Yes};
use super::*;
use hosts::{NIC, emulated, not_asked, switch};

/// What is known, the link, the answer, the sentence.
type Case = (Facts, Link, Answer, &'static str);

#[test]
fn every_sentence_is_said_where_it_is_true_and_nowhere_is_a_no_without_advice() {
    let mut said = BTreeSet::new();
    for (facts, link, answer, sentence) in
        [hardware::device(), hardware::way(), linux::kernels(), linux::users()].concat()
    {
        let explanation = explain(&facts);
        let at_link = explanation.reasons.iter().filter(|reason| reason.link == link);
        let sentences: Vec<_> = at_link.clone().map(|r| r.finding.to_string()).collect();
        let found = at_link.into_iter().find(|reason| reason.finding.to_string() == sentence);
        let reason = found.unwrap_or_else(|| panic!("{sentence:?} is not in {sentences:?}"));
        assert_eq!(reason.answer(), answer, "{sentence}");
        let advice = reason.finding.advice(explanation.address);
        assert!(answer != No || advice.is_some(), "{sentence}: and now?");
        assert!(answer != Yes || advice.is_none(), "{sentence}: all is well");
        said.insert(name(&reason.finding));
    }
    assert_eq!(said, variants());
}

fn name(finding: &Finding) -> String {
    format!("{finding:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The names of all findings, out of the source: a new one has to have its sentence tested.
fn variants() -> BTreeSet<String> {
    let source = include_str!("../finding.rs");
    let (_, body) = source.split_once("pub enum Finding {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let named = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    named.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

#[test]
fn the_first_no_decides_and_has_the_advice() {
    let explanation = explain(&switch("84:00.0"));
    assert_eq!(explanation.answer(), No);
    assert_eq!(
        explanation.decisive().unwrap().link,
        Link::Routing,
        "not the driver, not the group"
    );
    assert_eq!(explanation.advice(), Some(Advice::OtherSlot));
}

#[test]
fn where_nothing_says_no_the_first_unknown_of_use_has_the_advice() {
    let explanation = explain(&not_asked());
    assert_eq!(explanation.answer(), Unknown);
    assert_eq!(explanation.advice(), Some(Advice::AskFirmware { device: NIC.into() }));
    let explanation = explain(&emulated(Ok(())));
    assert_eq!((explanation.answer(), explanation.decisive()), (Yes, None));
    assert_eq!(explanation.advice(), None);
}

#[test]
fn the_links_are_in_the_order_of_the_chain_and_hold_their_evidence() {
    let explanation = explain(&switch("83:00.0"));
    assert!(explanation.reasons.is_sorted_by_key(|reason| reason.link));
    let evidence = |link: Link| -> Vec<_> {
        let reasons = explanation.reasons.iter().filter(|reason| reason.link == link);
        reasons.flat_map(|reason| &reason.evidence).map(ToString::to_string).collect()
    };
    assert_eq!(
        evidence(Link::Routing),
        [
            "0000:82:00.0 Device Capabilities 2 = 0x00200000",
            "0000:81:00.0 Device Capabilities 2 = 0x00200000",
            "0000:80:01.0 Device Capabilities 2 = 0x00203000"
        ]
    );
    assert_eq!(
        evidence(Link::Table),
        ["0000:83:00.0 TPH Requester Capability at 0x104 = 0x003f0507"]
    );
    assert_eq!(evidence(Link::BootParameters), ["/proc/cmdline: iommu=pt"]);
    assert_eq!(evidence(Link::Driver), ["/sys/bus/pci/devices/0000:83:00.0/driver: vfio-pci-tph"]);
    assert_eq!(evidence(Link::Caches), ["/sys/devices/system/cpu/online: 0-15"]);
}
