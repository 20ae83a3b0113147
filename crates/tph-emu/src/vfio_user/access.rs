//! Reads and writes of regions.

use tph_abi::Errno;

use super::message::{Fields, MAX_DATA};
use crate::device::Region;
use crate::endpoint::Endpoint;

/// Offset, region and length of an access; `None` if it is not inside of a region that is there.
fn access(fields: &mut Fields<'_>, endpoint: &Endpoint) -> Option<(u64, Region, usize)> {
    let (offset, index) = (fields.u64()?, fields.u32()?);
    let length = fields.u32()?;
    let region = Region::from_index(index)?;
    let size = match region {
        Region::Config => u64::from(tph::ConfigOffset::SPACE),
        Region::Bar(bar) => u64::from(endpoint.bar_size(bar)),
    };
    let inside = offset.checked_add(u64::from(length)).is_some_and(|end| end <= size);
    let length = usize::try_from(length).ok().filter(|length| *length <= MAX_DATA);
    length.filter(|_| inside).map(|length| (offset, region, length))
}

pub(super) fn region_read(
    mut fields: Fields<'_>,
    endpoint: &mut Endpoint,
) -> Result<Vec<u8>, Errno> {
    let request = fields.0.get(..16).unwrap_or_default();
    let (offset, region, length) = access(&mut fields, endpoint).ok_or(Errno::EINVAL)?;
    let mut body = request.to_vec();
    let mut data = vec![0; length];
    match region {
        Region::Config => endpoint.config_read(offset, &mut data)?,
        Region::Bar(bar) => {
            endpoint.bar_read(bar, offset, &mut data).map_err(|_| Errno::EINVAL)?;
        }
    }
    body.append(&mut data);
    Ok(body)
}

pub(super) fn region_write(
    mut fields: Fields<'_>,
    endpoint: &mut Endpoint,
) -> Result<Vec<u8>, Errno> {
    let request = fields.0.get(..16).unwrap_or_default();
    let (offset, region, length) = access(&mut fields, endpoint).ok_or(Errno::EINVAL)?;
    let data = fields.0.get(..length).ok_or(Errno::EINVAL)?;
    match region {
        Region::Config => endpoint.config_write(offset, data)?,
        Region::Bar(bar) => endpoint.bar_write(bar, offset, data).map_err(|_| Errno::EINVAL)?,
    }
    Ok(request.to_vec())
}
