//! Function by function.

use super::parse::{Shown, functions};
use crate::{Express, Function, Reading, Tally, Tph};
use std::collections::BTreeMap;
use tph::{Bdf, Completer, ConfigOffset, ModeSet, PortType, StMode};
use vfio_tph::Dump;

const HEADER_TYPE: usize = 0x0e;

/// Compares what lspci says of functions in a dump with what this project reads in them. Unless
/// `finished`, it gave up at the last one that it shows. How many were compared, that one counted.
///
/// # Errors
/// If lspci gave up without showing any.
pub fn compare(
    tally: &mut Tally,
    given: &[Function],
    text: &str,
    finished: bool,
) -> Result<usize, String> {
    let mut shown = functions(text);
    if !finished {
        shown.pop().ok_or("lspci failed at once: ")?;
        tally.explain("lspci gives up (\"Internal bug\")");
    }
    for (function, theirs) in given.iter().zip(&shown) {
        let ours = Reading::ours(&function.image);
        tally.count("functions");
        if ours.tph.is_some() {
            tally.count("of them with TPH");
        }
        tally.same(&function.address, "address", &theirs.address, &function.address.as_str());
        one(tally, function, theirs, ours);
    }
    if finished {
        tally.same(&"lspci", "functions", &shown.len(), &given.len());
        return Ok(given.len());
    }
    Ok(shown.len() + 1)
}

/// Compares what this project reads of functions in their dump with what it reads in each alone.
///
/// # Errors
/// If our reader takes it for no dump.
pub fn compare_dump(
    tally: &mut Tally,
    given: &[Function],
    text: &str,
) -> Result<(), vfio_tph::DumpError> {
    let views = Dump::parse(text)?.functions().functions;
    let views: BTreeMap<_, _> = views.iter().map(|view| (view.address, view)).collect();
    for function in given {
        let ours = Reading::ours(&function.image);
        let view = function.address.parse::<Bdf>().ok().and_then(|address| views.get(&address));
        let in_dump = view.map(|view| {
            let port_type = view.port_type.ok().flatten().map(PortType::bits);
            (port_type, view.tph().map(|tph| tph.capability.offset.get()))
        });
        let port_type = ours.express.as_ref().map(|express| express.port_type);
        let alone = Some((port_type, ours.tph.as_ref().map(|tph| tph.at)));
        tally.same(&function.address, "in a dump and alone", &in_dump, &alone);
    }
    Ok(())
}

fn one(tally: &mut Tally, function: &Function, theirs: &Shown<'_>, ours: Reading) {
    let (address, bytes) = (&function.address, &function.image.0);
    match bytes.get(HEADER_TYPE).map(|kind| kind & 0x7f) {
        Some(0 | 1) => {}
        Some(2) => return tally.explain("a CardBus bridge has its capabilities pointer at 0x14"),
        _ => return tally.explain("lspci shows no capabilities of an unknown header type"),
    }
    if theirs.went_astray() {
        tally.explain("lspci follows a pointer to where no capability can be");
    }
    let shown = theirs.express();
    let express = ours.express.map(|ours| visible(tally, ours, shown.as_ref(), bytes.len()));
    tally.same(address, "PCI Express", &shown, &express);
    tally.same(address, "MSI-X vectors", &theirs.vectors(), &ours.vectors);
    if !theirs.looks_further() {
        if ours.tph.is_some() {
            tally.explain("lspci expects no extended capability without PCI Express or PCI-X");
        }
        return;
    }
    if theirs.cut_off() {
        tally.explain("lspci shows a TPH capability whose register is past the end");
    }
    tally.same(address, "TPH", &theirs.tph(), &ours.tph.map(with_no_st));
}

/// What of it lspci would show.
fn visible(
    tally: &mut Tally,
    mut ours: Express,
    theirs: Option<&Express>,
    bytes: usize,
) -> Express {
    let cut = bytes < usize::from(ConfigOffset::SPACE);
    let not_shown = theirs.is_some_and(|theirs| theirs.second.is_none());
    let Some((completer, _)) = &mut ours.second else { return ours };
    if cut && not_shown {
        tally.explain("lspci shows no part of a PCI Express capability that the end cuts off");
        ours.second = None;
    } else if !matches!(ours.port_type, 0 | 4) {
        tally.explain("lspci shows the TPH completer of endpoints and root ports only");
        *completer = Completer::Reserved;
    }
    ours
}

/// lspci does not say whether the mode is offered.
fn with_no_st(mut tph: Tph) -> Tph {
    tph.modes = ModeSet::from_low_bits(tph.modes.bits() | 1 << StMode::NoSt.bits());
    tph
}
