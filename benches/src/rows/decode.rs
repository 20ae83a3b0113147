//! Row 3: decoding one 4 KiB configuration image.

use std::hint::black_box;

use allocation_counter::measure;
use tph::{AccessError, Bdf, ConfigSpace, PortType, StIndex, StTable, entry_offset};
use tph_lab_hosts::ConfigImage;
use vfio_tph::{Ids, PortView, TphView};

use crate::count;
use crate::figure::Figure;
use crate::hosts::{ENDPOINT, ROOT_PORT, TPH, longest_image, looping_image, typical_image};
use crate::measure::least;
use crate::tools::Tools;

const TIMES: u32 = 1_000;
const TYPICAL_NS: f64 = 1_000.0;
const ADVERSARIAL_NS: f64 = 5_000.0;

/// A name, the image, what it is of, how long it may take.
type Case = (&'static str, fn() -> ConfigImage, Option<u32>, f64);

const CASES: [Case; 3] = [
    ("decode-typical", typical_image, Some(ENDPOINT), TYPICAL_NS),
    ("decode-longest", longest_image, Some(ROOT_PORT), ADVERSARIAL_NS),
    ("decode-loops", looping_image, None, ADVERSARIAL_NS),
];

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    CASES
        .into_iter()
        .map(|(name, image, expected, limit)| {
            let image = image();
            let mut space = &image;
            if let Some(port_type) = expected {
                expect(name, port_type, decode(&mut space));
            }
            let allocations = measure(|| {
                let _ = black_box(decode(&mut space));
            });
            let time =
                least(200, || (0..TIMES).filter(|_| decode(black_box(&mut space)).is_ok()).count());
            let time = time.as_secs_f64() * 1e9 / f64::from(TIMES);
            let count = count::instructions(tools, name, TIMES);
            let allocated = allocations.count_total;
            let ours = format!("{time:.0} ns, {count} instructions, {allocated} allocations");
            let said = format!("{limit} ns, no allocation");
            Figure::new(format!("{name}, 4 KiB"), ours).limit(said, time <= limit && allocated == 0)
        })
        .collect()
}

pub(crate) fn piece(name: &str) -> Option<Box<dyn FnMut()>> {
    let (_, image, ..) = CASES.into_iter().find(|case| case.0 == name)?;
    let image = image();
    Some(Box::new(move || drop(black_box(decode(&mut &image)))))
}

/// All that can be known of a function from its registers.
type Decoded = (Ids, Option<PortType>, Option<TphView>, Option<PortView>, u64);

/// All of an image was decoded, to the last entry of the ST table.
fn expect(name: &str, port_type: u32, found: Result<Decoded, AccessError>) {
    /// Before the entries.
    const HEAD: usize = 3;
    let (_, found_type, view, port, tags) = found.expect(name);
    assert_eq!(found_type.map(|it| u32::from(it.bits())), Some(port_type), "{name}");
    assert_eq!(port.is_some(), port_type == ROOT_PORT, "{name}: the port");
    let table = view.expect(name).capability.table;
    let entries = u16::try_from(2 * TPH[HEAD..].len()).expect("a small number");
    assert_eq!(table, Ok(StTable::Capability { entries }), "{name}");
    assert_eq!(tags, TPH[HEAD..].iter().copied().map(u64::from).sum::<u64>(), "{name}: the tags");
}

fn decode(space: &mut &ConfigImage) -> Result<Decoded, AccessError> {
    let ids = Ids::read(space)?;
    let port_type = PortType::of(space)?;
    let port = match port_type.filter(|it| it.leads_to_functions()) {
        Some(_) => Some(PortView::read(Bdf::new(0, 0, 1, 0).ok_or(AccessError::Failed)?, space)?),
        None => None,
    };
    let view = TphView::registers(space)?;
    let mut tags = 0;
    if let Some(TphView { capability, .. }) = &view
        && let Ok(StTable::Capability { entries }) = capability.table
    {
        for index in (0..entries).step_by(2) {
            let Some((offset, _)) = entry_offset(capability.offset, StIndex(index)) else { break };
            tags += u64::from(space.read_config(offset)?);
        }
    }
    Ok((ids, port_type, view, port, tags))
}
