//! The reader of dumps: text as `lspci -xxxx` prints it, and text that only begins so.
//!
//! A dump that is read can be asked for all it has: each function under its own address and as it is
//! in the list. Written as `lspci` would write the functions that were found, it has the same ones.

use tph::Bdf;
use vfio_tph::{Dump, DumpErrorKind, Facts, explain};

use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "dump", run, longest: 0x8000, slice: 15_000 };

fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().count();
    let dump = match Dump::parse(&text) {
        Ok(dump) => dump,
        Err(error) => {
            assert!((1..=lines.max(1)).contains(&error.line), "{error}");
            assert!(error.kind != DumpErrorKind::Empty || error.line == lines.max(1));
            return;
        }
    };
    let functions = dump.functions().functions;
    let addresses: Vec<Bdf> = functions.iter().map(|function| function.address).collect();
    assert!(!addresses.is_empty() && addresses.is_sorted_by(|one, next| one < next));
    for function in functions.iter().take(8) {
        let mut alone = dump.function(function.address).expect("it is in the list");
        // The list comes without ST entries.
        if let Ok(Some(tph)) = &mut alone.tph {
            let entries = std::mem::take(&mut tph.entries);
            assert!(entries.len() <= tph::MAX_CAPABILITY_ENTRIES.into());
        }
        assert_eq!(alone, *function);
        let explanation = explain(&Facts::of_dump(function.clone()));
        let _ = (explanation.answer(), explanation.advice().map(|advice| advice.to_string()));
    }
    spoiled(&text, &addresses);
}

/// Comments and empty lines change nothing; a function for the second time is found out.
fn spoiled(text: &str, addresses: &[Bdf]) {
    let commented = format!("# {}\n\n{text}\n", addresses.len());
    let again = Dump::parse(&commented).expect("a comment is no mistake").functions();
    assert!(again.functions.iter().map(|function| function.address).eq(addresses.iter().copied()));
    let twice = format!("{text}\n{} Again\n", addresses[0]);
    let error = Dump::parse(&twice).expect_err("it is there twice");
    assert_eq!(error.kind, DumpErrorKind::Twice { address: addresses[0] });
}
