//! The rows of docs/benchmarks.md that run here. Rows 2 and 10 need a guest, row 12 is a verb of `tph`.

mod decode;
mod dma;
mod dump;
mod inventory;
mod plan;
mod program;
mod start;
mod topology;
mod vfio_user;

use crate::figure::Figure;
use crate::tools::Tools;

/// What a row is called and what measures it.
type Row = (&'static str, fn(&Tools) -> Vec<Figure>);

/// All rows, in order.
pub(crate) const ROWS: [Row; 9] = [
    ("1", program::run),
    ("3", decode::run),
    ("4", dump::run),
    ("5", inventory::run),
    ("6", topology::run),
    ("7", plan::run),
    ("8", vfio_user::run),
    ("9", dma::run),
    ("11", start::run),
];

/// What is counted in a process of its own.
pub(crate) fn pieces(name: &str) -> Option<Box<dyn FnMut()>> {
    let makers = [decode::piece, plan::piece, dma::piece, vfio_user::piece];
    makers.into_iter().find_map(|make| make(name))
}
