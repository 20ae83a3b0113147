//! What configuration space says about a function, wherever the bytes come from: this machine's
//! sysfs, a saved dump, an emulated host.

mod function;
mod read_once;
mod tph;

pub use function::{FunctionView, Ids, PortView, Unreadable};
pub use read_once::ReadOnce;
pub use tph::TphView;
