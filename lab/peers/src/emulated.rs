//! The functions of emulated hosts.

use crate::Function;
use tph::ConfigOffset;
use tph_emu::{Host, Profile};
use tph_lab_hosts::ConfigImage;

/// Every function of these hosts as it is after power-on, each host in a domain of its own, from
/// domain `first` on.
pub fn emulated(profiles: &[Profile], first: u16) -> Vec<Function> {
    let of = |(number, profile): (u16, &Profile)| {
        let host = Host::new(profile);
        let functions = host.functions().map(|(id, endpoint)| {
            let mut address = endpoint.bdf();
            address.segment = number;
            let offsets = (0..ConfigOffset::SPACE).filter_map(ConfigOffset::new);
            let bytes = offsets.flat_map(|offset| host.config_dword(id, offset).to_le_bytes());
            Function { address: address.to_string(), image: ConfigImage(bytes.collect()) }
        });
        functions.collect::<Vec<_>>()
    };
    (first..).zip(profiles).flat_map(of).collect()
}
