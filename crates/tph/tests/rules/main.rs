//! The rules, on a function in memory. One program: it is built a thousand times by `cargo xtask
//! mutants`.

mod captured;
mod dma_buf;
mod enable;
mod entries;
mod fake;
mod firmware;
mod in_host;
mod lost;
mod msix;
mod program;
mod registers;
mod slots;
mod tags;
mod words;
