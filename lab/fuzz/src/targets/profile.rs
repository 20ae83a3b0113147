//! The reader of profiles in TOML, and the host that is made of what it takes.
//!
//! A profile that is taken reads back as it was written. The host that it describes can be made, its
//! functions opened and asked, whatever hardware they claim to be.

use tph::StMode;
use tph_abi::client;
use tph_emu::{Caller, EmuDevice, Host, Profile, SharedHost};

use crate::Target;

/// The target.
pub const TARGET: Target = Target { name: "profile", run, longest: 4096, slice: 10_000 };

/// Hosts that would take long to make are left out.
const MOST_FUNCTIONS: usize = 4;
const MOST_MEMORY: u32 = 0x1_0000;

fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let profile = match Profile::parse("profile", text) {
        Ok(profile) => profile,
        Err(error) => {
            assert!(error.to_string().starts_with("profile"), "{error}");
            return;
        }
    };
    let written = toml::to_string(&profile).expect("what was read can be written");
    assert_eq!(Profile::parse("again", &written).as_ref().ok(), Some(&profile), "{written}");
    let memory = profile.functions.iter().map(|function| function.memory).max();
    if profile.functions.len() <= MOST_FUNCTIONS && memory.unwrap_or(0) <= MOST_MEMORY {
        host(&profile);
    }
}

fn host(profile: &Profile) {
    let host = SharedHost::new(Host::new(profile));
    let ids: Vec<_> = host.lock().functions().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), profile.functions.len());
    for (id, function) in ids.into_iter().zip(&profile.functions) {
        let mut device = EmuDevice::open(&host, id, Caller::anywhere()).expect("it opens");
        let capability = client::capability(&mut device);
        assert_eq!(capability.is_ok(), function.tph.is_some());
        let on = client::enable(&mut device, StMode::DeviceSpecific);
        let control = host.lock().endpoint(id).control();
        assert_eq!(on.is_ok(), control.is_some_and(|control| control.0 != 0));
    }
}
