//! What the tests of this crate share.

mod recorder;

pub(crate) use recorder::{Call, Recorder};
pub(crate) use tph_lab_hosts::{ConfigImage, endpoint, root_port};
