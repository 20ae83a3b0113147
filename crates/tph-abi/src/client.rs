//! The client's side: each operation as a function over a [`Transport`].

use tph::{ModeSet, StMode};

use crate::layout::{self, cap, ctrl, op};
use crate::request::{MODE_DS, MODE_IV};
use crate::{EntriesRequest, Errno, Operation, StRequest, Transport};

/// What `GET_CAP` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCapability {
    /// The modes that can be enabled through this interface; no-ST is never among them.
    pub modes: ModeSet,
    /// Entries of the ST table, 0 to 2048; 0 if there is none.
    pub table_entries: u16,
}

fn fixed(operation: Operation) -> [u8; layout::FIXED_SIZE] {
    let mut request = [0; layout::FIXED_SIZE];
    op::ARGSZ.write(&mut request, 0, u32::try_from(layout::FIXED_SIZE).unwrap_or(u32::MAX));
    op::OP.write(&mut request, 0, operation.number());
    request
}

/// `GET_CAP`.
///
/// # Errors
/// `EOPNOTSUPP` without a TPH capability, `ENOTTY` where the interface is not served.
pub fn capability(transport: &mut (impl Transport + ?Sized)) -> Result<DeviceCapability, Errno> {
    let mut request = fixed(Operation::GetCap);
    transport.call(&mut request)?;
    let bits = cap::SUPPORTED_MODES.read(&request, layout::BODY).unwrap_or(0);
    let entries = cap::ST_TABLE_SZ.read(&request, layout::BODY).unwrap_or(0);
    let bit = |wire, mode: StMode| if bits & wire != 0 { 1 << mode.bits() } else { 0 };
    let modes = bit(MODE_IV, StMode::InterruptVector) | bit(MODE_DS, StMode::DeviceSpecific);
    Ok(DeviceCapability {
        modes: ModeSet::from_low_bits(modes),
        table_entries: u16::try_from(entries).unwrap_or(0),
    })
}

/// `ENABLE`.
///
/// # Errors
/// `EINVAL` for a mode that the device or (no-ST) the interface does not have and where the root
/// port takes no hints, `EBUSY` if enabled, `EOPNOTSUPP` without a capability and for
/// device-specific mode without a table where that is not allowed.
pub fn enable(transport: &mut (impl Transport + ?Sized), mode: StMode) -> Result<(), Errno> {
    let mut request = fixed(Operation::Enable);
    let mode = match mode {
        StMode::NoSt => return Err(Errno::EINVAL),
        StMode::InterruptVector => MODE_IV,
        StMode::DeviceSpecific => MODE_DS,
    };
    ctrl::MODE.write(&mut request, layout::BODY, mode);
    transport.call(&mut request)
}

/// `DISABLE`.
///
/// # Errors
/// `EOPNOTSUPP` without a capability.
pub fn disable(transport: &mut (impl Transport + ?Sized)) -> Result<(), Errno> {
    transport.call(&mut fixed(Operation::Disable))
}

/// `GET_ST` or `SET_ST`, as `request` was started; the tags of a `GET_ST` are in it afterwards.
///
/// # Errors
/// `EOPNOTSUPP`, `EINVAL`, `ENXIO`, `ENODEV`, `ENODATA`, `EIO` as docs/abi.md says for each.
pub fn call(
    transport: &mut (impl Transport + ?Sized),
    request: &mut StRequest<'_>,
) -> Result<(), Errno> {
    transport.call(request.bytes())
}

/// `GET_ENTRIES`, as `request` was started; the answers are in it afterwards.
///
/// # Errors
/// `EOPNOTSUPP` without a table, `ENXIO` past its end; `EINVAL` for a malformed capability, and
/// from a server of the kernel series, which does not have this operation.
pub fn entries(
    transport: &mut (impl Transport + ?Sized),
    request: &mut EntriesRequest<'_>,
) -> Result<(), Errno> {
    transport.call(request.bytes())
}
