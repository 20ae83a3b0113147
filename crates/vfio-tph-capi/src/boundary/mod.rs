//! Where C comes in, and all of this crate's `unsafe`: C hands over pointers, and only the caller
//! knows what is behind them.
//!
//! What every function relies on, as the header promises it to C programmers: a pointer that is not
//! NULL leads to as many valid elements as the function's description says, which nobody else
//! changes meanwhile; what is opaque (a device, a table, a buffer's tag, a plan) comes from the function that
//! makes it and has not been given back.
//! What can be checked is: NULL, alignment, sizes. What cannot, each `unsafe` block names.
//!
//! No panic crosses over: `answer` catches it. The comments of the functions are those of the
//! header, hence their C words.
#![allow(unsafe_code)]
#![expect(
    clippy::doc_markdown,
    clippy::missing_safety_doc,
    reason = "the comments become the C header, and what is relied upon is said once, above"
)]

mod answer;
mod open;
mod peer;
mod plan;
mod pointer;
mod steer;
mod tag_table;

pub use answer::{vfiotph_last_advice, vfiotph_last_error, vfiotph_version};
pub use open::{vfiotph_adopt, vfiotph_close, vfiotph_fd, vfiotph_open};
pub use peer::{
    vfiotph_export_dma_buf, vfiotph_get_dma_buf_tag, vfiotph_probe_dma_buf_tags,
    vfiotph_set_dma_buf_tags,
};
pub use plan::{vfiotph_plan_entries, vfiotph_plan_free, vfiotph_plan_new, vfiotph_plan_queues};
pub use steer::{
    vfiotph_clear_entries, vfiotph_disable, vfiotph_enable, vfiotph_get_capability,
    vfiotph_get_entries, vfiotph_get_status, vfiotph_get_tags, vfiotph_set_entries,
};
pub use tag_table::{
    vfiotph_tag_register, vfiotph_tag_release, vfiotph_tag_table_free, vfiotph_tag_table_new,
    vfiotph_tag_table_rewrite,
};
