//! What the tests of this crate share.

mod image;
mod recorder;

pub(crate) use image::{ConfigImage, endpoint, root_port};
pub(crate) use recorder::{Call, Recorder};
