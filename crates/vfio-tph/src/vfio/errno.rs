//! The error number inside the errors of `vfio-ioctls` and `iommufd-ioctls`.

use std::error::Error;

use tph_abi::Errno;

/// The number that the kernel gave, or if the error has not kept it what the error says instead.
pub(super) fn split(error: &(dyn Error + 'static)) -> (Option<Errno>, String) {
    match of(error) {
        Some(errno) => (Some(errno), String::new()),
        None => (None, error.to_string()),
    }
}

fn of(error: &(dyn Error + 'static)) -> Option<Errno> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.raw_os_error().map(Errno);
        }
        if let Some(error) = error.downcast_ref::<vmm_sys_util::errno::Error>() {
            return Some(Errno(error.errno()));
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use vfio_ioctls::VfioError;

    #[test]
    fn the_number_is_found_where_it_is_kept() {
        let io = || std::io::Error::from_raw_os_error(13);
        let cases = [
            (VfioError::OpenContainer(io()), Some(Errno::EACCES)),
            (VfioError::OpenGroup(io(), "7".into()), Some(Errno::EACCES)),
            (VfioError::IommuDmaMap(vmm_sys_util::errno::Error::new(22)), Some(Errno::EINVAL)),
            (VfioError::GroupViable, None),
        ];
        for (error, errno) in cases {
            assert_eq!(of(&error), errno, "{error}");
        }
    }
}
