//! The configuration space of a function and of a root port, as they leave the factory.

use tph::{Control, PortType, TPH_CAPABILITY_ID, TableLocation};

use super::config::ConfigImage;
use super::msix;
use crate::profile::{FunctionProfile, PowerManagement, RootPortProfile, TphProfile};

/// Command and Status.
pub(crate) const COMMAND: u16 = 0x04;
/// Command: memory accesses are answered.
pub(crate) const MEMORY_ENABLE: u32 = 1 << 1;
/// Command: the function may make requests.
pub(crate) const BUS_MASTER_ENABLE: u32 = 1 << 2;
const BAR_0: u16 = 0x10;
const BAR_2: u16 = 0x18;
const BAR_4: u16 = 0x20;
const EXPRESS: u16 = 0x40;
/// Device Control.
pub(crate) const DEVICE_CONTROL: u16 = EXPRESS + 0x08;
/// The upper byte of Device Control: reset this function.
pub(crate) const FUNCTION_RESET: u8 = 1 << 7;
pub(crate) const MSIX: u16 = 0x80;
const POWER: u16 = 0x90;
/// Power Management Control/Status.
pub(crate) const POWER_CONTROL: u16 = POWER + 4;
/// Its Power State field, and the highest of its values.
pub(crate) const D3HOT: u32 = 3;
const NO_SOFT_RESET: u32 = 1 << 3;
/// Where the extended capabilities start.
pub(crate) const FIRST_EXTENDED: u16 = 0x100;
const ROOT_PORT_DEVICE: u32 = 0x7471;
/// Where the ST table starts in the capability.
pub(crate) const TABLE: u16 = 0x0c;

/// An endpoint.
pub(crate) fn function(profile: &FunctionProfile) -> ConfigImage {
    let mut image = ConfigImage::new();
    let id = u32::from(profile.device) << 16 | u32::from(profile.vendor);
    image.define(0x00, id, 0);
    image.define(COMMAND, 1 << 20, 0x0546);
    image.define(0x08, profile.class << 8 | 1, 0);
    image.define(0x0c, 0, 0xff);
    image.define(BAR_0, 0, !(profile.bar_size - 1));
    image.define(0x2c, id, 0);
    image.define(0x34, u32::from(EXPRESS), 0);
    image.define(0x3c, 0, 0xff);
    let kind = match profile.root_port {
        Some(_) => PortType::ENDPOINT,
        None => PortType::INTEGRATED_ENDPOINT,
    };
    let power = if profile.power == PowerManagement::None { 0 } else { POWER };
    let next = if profile.msix_vectors == 0 { power } else { MSIX };
    let capabilities_2 = u32::from(profile.completer & 3) << 12 | 1 << 21;
    express(&mut image, kind, next, payload_code(profile.max_payload), capabilities_2);
    if let Some(last) = profile.msix_vectors.checked_sub(1) {
        image.define(BAR_2, 0, !(msix::bar_bytes(profile.msix_vectors) - 1));
        image.define(MSIX, u32::from(last) << 16 | u32::from(power) << 8 | 0x11, 0xc000_0000);
        image.define(MSIX + 4, u32::from(msix::BAR), 0);
        let pending = msix::pending_offset(profile.msix_vectors);
        image.define(MSIX + 8, pending | u32::from(msix::BAR), 0);
    }
    if profile.memory != 0 {
        image.define(BAR_4, 0, !(profile.memory - 1));
    }
    if power != 0 {
        let keeps = profile.power == PowerManagement::Keeps;
        image.define(POWER, 0x0003_0001, 0);
        image.define(POWER_CONTROL, if keeps { NO_SOFT_RESET } else { 0 }, D3HOT);
    }
    if let Some(tph) = &profile.tph {
        requester(&mut image, tph);
    }
    image
}

/// A root port.
pub(crate) fn root_port(profile: &RootPortProfile) -> ConfigImage {
    let mut image = ConfigImage::new();
    image.define(0x00, ROOT_PORT_DEVICE << 16 | 0x1234, 0);
    image.define(COMMAND, 1 << 20, 0x0547);
    image.define(0x08, 0x0604_0000, 0);
    image.define(0x0c, 0x0001_0000, 0xff);
    let [primary, secondary] = [u32::from(profile.bdf.bus), u32::from(profile.bus)];
    image.define(0x18, secondary << 16 | secondary << 8 | primary, 0x00ff_ffff);
    image.define(0x34, u32::from(EXPRESS), 0);
    let completer = u32::from(profile.completer & 3) << 12;
    express(&mut image, PortType::ROOT_PORT, 0, 1, completer | 1 << 21);
    image
}

/// A PCI Express capability of version 2: the payload it supports, Device Capabilities 2.
fn express(image: &mut ConfigImage, kind: PortType, next: u16, payload: u32, capabilities_2: u32) {
    let header = 0x0002_0010 | u32::from(next) << 8 | u32::from(kind.bits()) << 20;
    let resets = if kind == PortType::ROOT_PORT { 0 } else { 1 << 28 };
    image.define(EXPRESS, header, 0);
    image.define(EXPRESS + 0x04, payload | 1 << 15 | resets, 0);
    image.define(DEVICE_CONTROL, 0x2810, 0x7fff);
    if kind != PortType::INTEGRATED_ENDPOINT {
        // Four lanes of 16 GT/s, in use.
        image.define(EXPRESS + 0x0c, 0x44, 0);
        image.define(EXPRESS + 0x10, 0x0044_0000, 0x0fff);
        image.define(EXPRESS + 0x2c, 0x1e, 0);
    }
    image.define(EXPRESS + 0x24, capabilities_2, 0);
    image.define(EXPRESS + 0x28, 0, 0xffff);
}

/// The TPH Requester capability; if it is not the first extended one, a serial number is, which
/// points to it.
fn requester(image: &mut ConfigImage, profile: &TphProfile) {
    let register = profile.register();
    if profile.offset != FIRST_EXTENDED {
        image.define(FIRST_EXTENDED, u32::from(profile.offset) << 20 | 0x0001_0003, 0);
        image.define(FIRST_EXTENDED + 4, 0x5450_4801, 0);
        image.define(FIRST_EXTENDED + 8, 0x1234_0000, 0);
    }
    image.define(profile.offset, 0x0001_0000 | u32::from(TPH_CAPABILITY_ID), 0);
    image.define(profile.offset + tph::Capability::OFFSET, register.0, 0);
    image.define(profile.offset + Control::OFFSET, 0, 0x307);
    if register.table_location() == TableLocation::Capability {
        // Both bytes of an entry stick in a function that can send 16-bit tags.
        let entry = match register.requester_type() {
            tph::RequesterType::Tph => 0x00ff_u32,
            tph::RequesterType::ExtendedTph => 0xffff,
        };
        let size = register.table_size();
        for index in (0..size).step_by(2) {
            let second = if index + 1 < size { entry << 16 } else { 0 };
            let place = u32::from(profile.offset) + u32::from(TABLE) + 2 * u32::from(index);
            if let Ok(place) = u16::try_from(place) {
                image.define(place, 0, entry | second);
            }
        }
    }
}

/// Max Payload Size as its three-bit code.
fn payload_code(bytes: u16) -> u32 {
    bytes.max(128).ilog2() - 7
}
