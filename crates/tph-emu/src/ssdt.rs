//! The firmware for a guest: an ACPI table with the `_DSM` that names tags.
//!
//! QEMU's q35 machine has no such method; `-acpitable file=…` adds this table, which puts one under the
//! host bridge, `\_SB.PCI0`, where Linux looks for it. It answers as
//! [`Firmware::evaluate`](crate::Firmware::evaluate) does: a processor that the profile does not have
//! gets a word without a valid tag, a function that is not there gets one byte of 0.

use acpi_tables::aml::{Arg, BufferData, DeRefOf, Equal, GreaterEqual, If, Index, Local, Method};
use acpi_tables::aml::{Return, Scope, Store, ZERO};
use acpi_tables::{Aml, sdt::Sdt};
use tph::{AcpiUid, DsmCall, TagWord};

use crate::firmware::Firmware;
use crate::profile::Profile;

/// Where the method is.
const HOST_BRIDGE: &str = "\\_SB_.PCI0";

/// The table for the firmware of `profile`; `None` if that names no tags.
pub fn table(profile: &Profile) -> Option<Vec<u8>> {
    let firmware = Firmware::of(profile)?;
    let mut aml = Vec::new();
    scope(&firmware.words().collect::<Vec<_>>(), &mut aml);
    let mut table = Sdt::new(*b"SSDT", 36, 2, *b"VFIOTP", *b"TPHTAGS ", 1);
    table.append_slice(&aml);
    // `append_slice` writes it in this machine's byte order; a table's is little-endian.
    let length = u32::try_from(table.len()).unwrap_or(u32::MAX);
    table.write_bytes(4, &length.to_le_bytes());
    Some(table.as_slice().to_vec())
}

fn scope(words: &[(AcpiUid, TagWord)], aml: &mut Vec<u8>) {
    let buffers: Vec<_> = words
        .iter()
        .map(|(uid, word)| (uid.0, BufferData::new(word.0.to_le_bytes().to_vec())))
        .collect();
    let returns: Vec<_> = buffers.iter().map(|(_, buffer)| Return::new(buffer)).collect();
    let matches: Vec<_> = buffers.iter().map(|(uid, _)| Equal::new(&Local(0), uid)).collect();
    let cases: Vec<_> =
        matches.iter().zip(&returns).map(|(is, then)| If::new(is, vec![then])).collect();

    let unknown = BufferData::new(vec![0; DsmCall::ANSWER_SIZE]);
    let unknown = Return::new(&unknown);
    let uid = Index::new(&ZERO, &Arg(3), &1_u8);
    let uid = DeRefOf::new(&uid);
    let keep_uid = Store::new(&Local(0), &uid);
    let mut known: Vec<&dyn Aml> = vec![&keep_uid];
    known.extend(cases.iter().map(|case| case as &dyn Aml));
    let feature = Index::new(&ZERO, &Arg(3), &0_u8);
    let feature = DeRefOf::new(&feature);
    let cache_feature = Equal::new(&feature, &ZERO);
    let known = If::new(&cache_feature, known);

    let functions = BufferData::new(vec![0x01, 0x80]);
    let functions = Return::new(&functions);
    let asks_functions = Equal::new(&Arg(2), &ZERO);
    let asks_functions = If::new(&asks_functions, vec![&functions]);
    let asks_tags = Equal::new(&Arg(2), &DsmCall::TAGS_FUNCTION);
    let asks_tags = If::new(&asks_tags, vec![&known, &unknown]);

    let revision = GreaterEqual::new(&Arg(1), &DsmCall::REVISION);
    let revision = If::new(&revision, vec![&asks_functions, &asks_tags]);
    let guid = BufferData::new(DsmCall::GUID.to_vec());
    let guid = Equal::new(&Arg(0), &guid);
    let guid = If::new(&guid, vec![&revision]);
    let nothing = BufferData::new(vec![0]);
    let nothing = Return::new(&nothing);
    let method = Method::new("_DSM".into(), 4, true, vec![&guid, &nothing]);
    Scope::new(HOST_BRIDGE.into(), vec![&method]).to_aml_bytes(aml);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn the_table_has_a_header_a_checksum_and_every_word() {
        let profile = Profile::demo();
        let table = table(&profile).unwrap();
        assert_eq!(table[..4], *b"SSDT");
        assert_eq!(u32::from_le_bytes(table[4..8].try_into().unwrap()) as usize, table.len());
        assert_eq!(table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
        assert!(contains(&table, &DsmCall::GUID));
        assert!(contains(&table, b"_DSM"));
        let firmware = Firmware::of(&profile).unwrap();
        for (_, word) in firmware.words() {
            assert!(contains(&table, &word.0.to_le_bytes()));
        }
    }

    #[test]
    fn a_host_whose_firmware_names_no_tags_has_no_table() {
        let mut profile = Profile::demo();
        profile.firmware = None;
        assert_eq!(table(&profile), None);
    }
}
