//! Loading kernel modules.

use crate::error::{Error, Result};
use rustix::io::Errno;
use rustix::system::finit_module;
use std::ffi::CString;
use std::fs::File;
use tph_lab_wire::Module;

/// Loads one module; one that the kernel already has is fine.
pub(crate) fn load(module: &Module) -> Result<()> {
    let file = File::open(&module.path).map_err(Error::file("open", &module.path))?;
    let refused = |errno| Error::Module {
        path: module.path.clone(),
        parameters: module.parameters.clone(),
        errno,
    };
    let parameters =
        CString::new(module.parameters.as_bytes()).map_err(|_| refused(Errno::INVAL))?;
    match finit_module(&file, &parameters, 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(refused(errno)),
    }
}
