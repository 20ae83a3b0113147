//! The picture as JSON.

use std::path::Path;

use serde::Serialize;
use vfio_tph::{Arrival, BusNode, BusPlace, DomainIndex};

use super::picture::Picture;
use super::queues::Kind;
use crate::report::{FunctionReport, PortReport};

/// A host, and where the queues of a function land.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "HostMap"))]
pub(crate) struct MapReport {
    sockets: Vec<SocketReport>,
    /// CPUs that do not run, as the kernel lists them.
    offline: String,
    bus: Vec<NodeReport>,
    /// How many functions without TPH are not in `bus`.
    left_out: usize,
    /// The function that was asked for.
    device: Option<String>,
    queues: Vec<QueueReport>,
    /// The file that was drawn into.
    svg: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SocketReport {
    /// Null if the host does not tell.
    socket: Option<u32>,
    caches: Vec<CacheReport>,
}

/// CPUs that share their last cache.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CacheReport {
    /// This and the next two are null if the host does not tell.
    level: Option<u8>,
    id: Option<u32>,
    /// In bytes.
    size: Option<u64>,
    /// As the kernel lists them.
    cpus: String,
    dies: Vec<u32>,
    nodes: Vec<u32>,
    /// Whose data lands here.
    queues: Vec<u32>,
}

/// A port or a function.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NodeReport {
    address: String,
    /// `root-port`, `switch-port` or `function`.
    role: &'static str,
    numa_node: Option<u32>,
    /// Of a port.
    port: Option<PortReport>,
    /// Of a function.
    function: Option<FunctionReport>,
    below: Vec<NodeReport>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct QueueReport {
    queue: u32,
    cpu: u32,
    /// `own`, `shared`, `elsewhere` or `not-steered`.
    landing: &'static str,
    /// Null if its data goes to memory.
    entry: Option<u16>,
    /// Whose tag the entry holds.
    tag_of_cpu: Option<u32>,
    /// Of the cache that both CPUs share, if the tag is that of another.
    shared_level: Option<u8>,
    /// In words.
    lands_in: String,
}

impl MapReport {
    pub(super) fn new(picture: &Picture, svg: Option<&Path>) -> Self {
        let packages = picture.layout.packages.iter().enumerate();
        let queues = picture.queues.iter().flat_map(|queues| &queues.arrivals);
        Self {
            sockets: packages.map(|(package, _)| SocketReport::new(picture, package)).collect(),
            offline: picture.layout.offline.to_string(),
            bus: picture.layout.bus.iter().map(NodeReport::from).collect(),
            left_out: picture.left_out,
            device: picture.device.map(|device| device.to_string()),
            queues: queues.map(QueueReport::from).collect(),
            svg: svg.map(|path| path.display().to_string()),
        }
    }
}

impl SocketReport {
    fn new(picture: &Picture, package: usize) -> Self {
        let inside = &picture.layout.packages[package];
        let caches = inside.domains.iter().enumerate().map(|(domain, here)| CacheReport {
            level: here.cache.as_ref().map(|cache| cache.level),
            id: here.cache.as_ref().and_then(|cache| cache.id),
            size: here.cache.as_ref().and_then(|cache| cache.size),
            cpus: here.cpus.to_string(),
            dies: here.dies.iter().copied().collect(),
            nodes: here.nodes.iter().copied().collect(),
            queues: picture.landing(Some(DomainIndex { package, domain })),
        });
        Self { socket: inside.package, caches: caches.collect() }
    }
}

impl From<&BusNode> for NodeReport {
    fn from(node: &BusNode) -> Self {
        let (role, port) = match &node.place {
            BusPlace::RootPort(port) => ("root-port", Some(port)),
            BusPlace::Bridge(port) => ("switch-port", Some(port)),
            _ => ("function", None),
        };
        Self {
            address: node.address.to_string(),
            role,
            numa_node: node.numa_node,
            port: port.map(PortReport::from),
            function: node.function().map(FunctionReport::from),
            below: node.below.iter().map(Self::from).collect(),
        }
    }
}

impl From<&Arrival> for QueueReport {
    fn from(arrival: &Arrival) -> Self {
        let planned = &arrival.planned;
        let kind = Kind::of(planned.landing);
        Self {
            queue: planned.queue.number,
            cpu: planned.queue.cpu.0,
            landing: kind.name(),
            entry: planned.landing.entry().map(|entry| entry.0),
            tag_of_cpu: arrival.cpu.map(|cpu| cpu.0),
            shared_level: if let Kind::Shared(level) = kind { Some(level) } else { None },
            lands_in: kind.words(),
        }
    }
}
