//! Where the ports and functions of several profiles go in one machine.

use crate::machine::{Function, Hardware, Position, RootPort};
use crate::{Error, Result};
use std::path::Path;
use tph_emu::Profile;
use tph_emu::profile::FunctionProfile;

/// Gives every port and integrated function the device number of its profile, or, if another
/// profile took it, a free one.
pub(super) fn lay_out(profiles: &[Profile], folder: &Path) -> Result<Hardware> {
    let cpus = profiles.first().map_or(1, |profile| profile.cpus.len());
    let mut hardware =
        Hardware { cpus: u32::try_from(cpus).unwrap_or(u32::MAX), ..Hardware::default() };
    for profile in profiles {
        let first_port = hardware.ports.len();
        for port in &profile.root_ports {
            let device = take(&mut hardware, port.bdf.device(), &port.name)?;
            // QEMU can take out only what has no MSI-X (docs/lab.md).
            let mut below = profile
                .functions
                .iter()
                .filter(|function| function.root_port.as_deref() == Some(port.name.as_str()));
            let slot = below.all(|function| function.msix_vectors == 0);
            hardware.ports.push(RootPort { device, completer: port.completer, slot });
        }
        for function in &profile.functions {
            let position = place(&mut hardware, profile, first_port, function)?;
            let socket = folder.join(format!("ep{}", hardware.functions.len()));
            let name = function.name.clone();
            hardware.functions.push(Function { name, position, socket });
        }
    }
    Ok(hardware)
}

fn place(
    hardware: &mut Hardware,
    profile: &Profile,
    first_port: usize,
    function: &FunctionProfile,
) -> Result<Position> {
    let Some(name) = &function.root_port else {
        let device = take(hardware, function.bdf.device(), &function.name)?;
        return Ok(Position::Integrated { device });
    };
    // A profile that was read has no function below a port that it does not have.
    let port = profile.root_ports.iter().position(|port| port.name == *name).unwrap_or(0);
    Ok(Position::BelowPort { port: first_port + port, function: function.bdf.function() })
}

fn take(hardware: &mut Hardware, wanted: u8, name: &str) -> Result<u8> {
    hardware.slots.take(wanted).ok_or_else(|| Error::NoSlot { name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = r#"
name = "two"
cpus = [
  { id = 0, socket = 0, core = 0, uid = 0 },
  { id = 1, socket = 0, core = 1, uid = 1 },
]

[[root_ports]]
name = "port0"
bdf = "0000:00:05.0"
bus = 1
completer = 3

[[functions]]
name = "below"
bdf = "0000:01:00.1"
root_port = "port0"

[[functions]]
name = "inside"
bdf = "0000:00:10.0"
"#;

    #[test]
    fn a_second_profile_gets_other_devices_and_its_own_ports() {
        let profile = Profile::parse("two.toml", PROFILE).unwrap();
        let hardware = lay_out(&[profile.clone(), profile], Path::new("/run")).unwrap();
        assert_eq!(hardware.cpus, 2);
        let ports: Vec<u8> = hardware.ports.iter().map(|port| port.device).collect();
        assert_eq!(ports, [5, 1]);
        let positions: Vec<Position> = hardware.functions.iter().map(|it| it.position).collect();
        assert_eq!(
            positions,
            [
                Position::BelowPort { port: 0, function: 1 },
                Position::Integrated { device: 0x10 },
                Position::BelowPort { port: 1, function: 1 },
                Position::Integrated { device: 2 },
            ]
        );
        assert_eq!(hardware.functions[3].socket, Path::new("/run/ep3"));
    }
}
