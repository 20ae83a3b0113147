//! A function that somebody reads.

use tph_lab_hosts::ConfigImage;

/// A configuration space and where it is to be found.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its address, with the domain.
    pub address: String,
    /// Its configuration space: 64, 256 or 4096 bytes.
    pub image: ConfigImage,
}

/// All of them as one dump, which `lspci -F` and this project's command read.
pub fn dump(functions: &[Function]) -> String {
    functions.iter().map(|function| function.image.dump(&function.address)).collect()
}
