//! The bus as a tree: functions name the ports above them, and that is all that is needed.

use std::collections::BTreeMap;

use tph::{Bdf, PortType};

use crate::{FunctionView, PortView};

/// The class code of a bridge between PCI buses, without its programming interface.
const PCI_BRIDGE: u32 = 0x0604;

/// A function or port, and what lies below.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BusNode {
    /// Its address.
    pub address: Bdf,
    /// What it is.
    pub place: BusPlace,
    /// The NUMA node it is attached to, if the host tells.
    pub numa_node: Option<u32>,
    /// What lies below, by address.
    pub below: Vec<BusNode>,
}

/// What a place on the bus is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusPlace {
    /// A root port.
    RootPort(PortView),
    /// A port of a switch, or another bridge.
    Bridge(PortView),
    /// A function that does something of its own.
    Function(Box<FunctionView>),
}

impl BusNode {
    /// The function, if it is one.
    pub fn function(&self) -> Option<&FunctionView> {
        match &self.place {
            BusPlace::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The same branch with only those functions that `wanted` says, and the ports above them;
    /// `None` if none is.
    pub fn only(&self, wanted: &impl Fn(&FunctionView) -> bool) -> Option<Self> {
        let below: Vec<_> = self.below.iter().filter_map(|node| node.only(wanted)).collect();
        let stays = !below.is_empty() || self.function().is_some_and(wanted);
        stays.then(|| Self { below, ..self.clone() })
    }

    /// How many functions are in the branch, ports not counted.
    pub fn functions(&self) -> usize {
        usize::from(self.function().is_some())
            + self.below.iter().map(Self::functions).sum::<usize>()
    }
}

/// Nodes by address, while the tree is built.
#[derive(Default)]
struct Branches(BTreeMap<Bdf, (Option<BusPlace>, Branches)>);

/// Ports below which there is nothing are not in it.
pub(super) fn tree(
    functions: &[FunctionView],
    numa_node: impl Fn(Bdf) -> Option<u32>,
) -> Vec<BusNode> {
    let mut roots = Branches::default();
    for function in functions.iter().filter(|function| !is_port(function)) {
        let bridges = function.switches.iter().rev().map(|port| BusPlace::Bridge(*port));
        let root = function.root_port.map(BusPlace::RootPort);
        let mut at = &mut roots;
        for place in root.into_iter().chain(bridges) {
            let (BusPlace::RootPort(port) | BusPlace::Bridge(port)) = &place else { continue };
            let node = at.0.entry(port.address).or_default();
            node.0.get_or_insert(place);
            at = &mut node.1;
        }
        let place = BusPlace::Function(Box::new(function.clone()));
        at.0.entry(function.address).or_default().0 = Some(place);
    }
    roots.nodes(&numa_node)
}

impl Branches {
    fn nodes(self, numa_node: &impl Fn(Bdf) -> Option<u32>) -> Vec<BusNode> {
        let node = |(address, (place, below)): (Bdf, (Option<BusPlace>, Self))| {
            let below = below.nodes(numa_node);
            Some(BusNode { address, place: place?, numa_node: numa_node(address), below })
        };
        self.0.into_iter().filter_map(node).collect()
    }
}

/// Whether a function is only there to lead to others.
fn is_port(function: &FunctionView) -> bool {
    let leads = function.port_type.ok().flatten().is_some_and(PortType::leads_to_functions);
    leads || function.ids.is_some_and(|ids| ids.class >> 8 == PCI_BRIDGE)
}
