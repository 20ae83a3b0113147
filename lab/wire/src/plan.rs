//! What the guest is to do.

use serde::{Deserialize, Serialize};

/// Where the plan lies in the guest, as JSON.
pub const PLAN_PATH: &str = "/lab/plan.json";

/// Where the environment of the program lies in a guest with a system of its own, a variable a line.
pub const ENVIRONMENT_PATH: &str = "/lab/environment";

/// The first process of a system of its own.
pub const SYSTEM_INIT: &str = "/usr/lib/systemd/systemd";

/// Where the profile with that index lies in the guest: what the emulated endpoints were made from.
pub fn profile_path(index: usize) -> String {
    format!("/lab/profiles/{index}.toml")
}

/// Names of the variables in the program's environment.
pub mod variables {
    /// The control channel's device.
    pub const CONTROL: &str = "TPH_LAB_CONTROL";
    /// The endpoints' addresses, in the order of the profiles, with commas between.
    pub const DEVICES: &str = "TPH_LAB_DEVICES";
    /// Their IOMMU groups, likewise.
    pub const GROUPS: &str = "TPH_LAB_GROUPS";
    /// Their names for the control channel, likewise.
    pub const ENDPOINTS: &str = "TPH_LAB_ENDPOINTS";

    /// How many sequences the differential test sends in this guest.
    pub const SEQUENCES: &str = "TPH_LAB_SEQUENCES";
    /// How many calls the module is put under fire with.
    pub const CALLS: &str = "TPH_LAB_CALLS";
    /// After how many seconds `lab fire` makes no more.
    pub const SECONDS: &str = "TPH_LAB_SECONDS";
    /// Set where the guest's clock counts instructions.
    pub const COUNTED: &str = "TPH_LAB_COUNTED";
    /// How often the tests load and unload the module.
    pub const ROUNDS: &str = "TPH_LAB_ROUNDS";
    /// The seed that it makes them from.
    pub const SEED: &str = "TPH_LAB_SEED";

    /// `TPH_LAB_EP0_BDF` and so on: the address of the endpoint with that index.
    pub fn address(index: usize) -> String {
        format!("TPH_LAB_EP{index}_BDF")
    }

    /// `TPH_LAB_EP0_GROUP` and so on: its IOMMU group.
    pub fn group(index: usize) -> String {
        format!("TPH_LAB_EP{index}_GROUP")
    }

    /// `TPH_LAB_EP0_NAME` and so on: its name for the control channel.
    pub fn name(index: usize) -> String {
        format!("TPH_LAB_EP{index}_NAME")
    }

    /// `TPH_LAB_EP0_PORT` and so on: the address of the root port above it; not set for one that
    /// is integrated into the root complex.
    pub fn port(index: usize) -> String {
        format!("TPH_LAB_EP{index}_PORT")
    }
}

/// All that the guest's init does between mounting and powering off, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Modules to load.
    pub modules: Vec<Module>,
    /// Endpoints to bind.
    pub endpoints: Vec<Endpoint>,
    /// The driver to bind them to; none leaves them as the kernel found them.
    pub driver: Option<String>,
    /// Whether init becomes [`SYSTEM_INIT`] then. Who starts the program, says how it ended and powers
    /// off is that system's business.
    pub system: bool,
    /// The program to run.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables for its environment beside those of [`variables`].
    pub environment: Vec<(String, String)>,
}

/// A kernel module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its file in the guest.
    pub path: String,
    /// `NAME=VALUE …` as `insmod` takes them.
    pub parameters: String,
}

/// An emulated PCI function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name for the control channel.
    pub name: String,
    /// Where the guest finds it.
    pub place: Place,
}

/// Where a function is. Bus numbers are the guest firmware's choice, so they are not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// On the bus below a root port.
    BelowPort {
        /// The port's full address, such as `0000:00:05.0`.
        port: String,
        /// The function's device and function number, such as `00.0`.
        function: String,
    },
    /// Integrated into the root complex, at that full address.
    RootComplex {
        /// The address.
        address: String,
    },
}
