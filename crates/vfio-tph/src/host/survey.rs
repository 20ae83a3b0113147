//! Looking at functions: each once, and its ports once for all that lie below.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tph::{AccessError, Bdf, ConfigSpace, PortType};

use super::bus_path::BusPath;
use super::config_file::ConfigFile;
use super::record::Saved;
use super::{Host, place};
use crate::{Error, FunctionView, Ids, PortView, ReadOnce, TphView, Unreadable};

/// How much of a function is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// What a list shows.
    Registers,
    /// The ST entries too.
    Entries,
}

/// A function that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub(super) function: FunctionView,
    /// The same function as something that others lie below.
    port: PortView,
    /// How many dwords of its configuration space were read.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests count"))]
    pub(super) reads: usize,
}

/// What was looked at so far.
pub(super) struct Survey<'a> {
    host: &'a Host,
    detail: Detail,
    looked: BTreeMap<Bdf, Looked>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(host: &'a Host, detail: Detail) -> Self {
        Self { host, detail, looked: BTreeMap::new() }
    }

    pub(super) fn look(&mut self, address: Bdf) -> Result<Looked, Error> {
        if let Some(looked) = self.looked.get(&address) {
            return Ok(looked.clone());
        }
        let (mut looked, path) = self.look_at(address)?;
        self.look_up(&mut looked.function, &path.above);
        match self.looked.entry(address) {
            Entry::Vacant(place) => Ok(place.insert(looked).clone()),
            Entry::Occupied(place) => Ok(place.get().clone()),
        }
    }

    /// Fills in what lies above: the root port, and the ports between.
    fn look_up(&mut self, function: &mut FunctionView, above: &[Bdf]) {
        let unseen =
            |above| (Err(Unreadable::Failed), PortView::unreadable(above, Unreadable::Failed));
        let mut ports = above.iter().map(|above| {
            let looked = self.look(*above);
            looked.map_or_else(|_| unseen(*above), |it| (it.function.port_type, it.port))
        });
        let mut switches = Vec::new();
        match ports.next() {
            Some((Ok(Some(PortType::ROOT_PORT)) | Err(_), port)) => function.root_port = Some(port),
            Some((_, other)) => switches.push(other),
            None => {}
        }
        switches.extend(ports.map(|(_, port)| port));
        switches.reverse();
        function.switches = switches;
    }

    fn look_at(&self, address: Bdf) -> Result<(Looked, BusPath), Error> {
        let files = &self.host.files;
        let folder = self.host.folder(address);
        if !folder.exists() {
            return Err(Error::NoSuchFunction { address });
        }
        let path = folder.join("config");
        let file = match ConfigFile::open(&path) {
            Ok(file) => file,
            // Unplugged since it was seen.
            Err(_) if !folder.exists() => return Err(Error::NoSuchFunction { address }),
            // What is wrong with one function is no reason to show none.
            Err(error) => ConfigFile::closed(&error),
        };
        let mut space = ReadOnce::new(file);
        let port_type = look(&mut space, |space| PortType::of(space));
        let detail = self.detail;
        let tph = look(&mut space, |space| match detail {
            Detail::Registers => TphView::registers(space),
            Detail::Entries => TphView::read(space),
        });
        let ids = Ids::read(&mut space).ok();
        let port = match port_type {
            Ok(Some(port_type)) if port_type.leads_to_functions() => {
                look(&mut space, |space| PortView::read(address, space))
            }
            Ok(_) => Ok(PortView::without_register(address)),
            Err(why) => Err(why),
        };
        files.note(&place(address, "config"), || Saved::Config {
            size: space.inner().readable(),
            dwords: space.seen().clone(),
        });
        let function = FunctionView {
            address,
            ids,
            port_type,
            driver: files.link_name(&place(address, "driver")),
            iommu_group: self.host.iommu_group(address),
            root_port: None,
            switches: Vec::new(),
            tph,
        };
        let port = port.unwrap_or_else(|why| PortView::unreadable(address, why));
        let reads = space.reads();
        Ok((Looked { function, port, reads }, self.host.bus_path(address)))
    }
}

/// Runs `read`, and says why it failed in terms of the file behind.
fn look<T>(
    space: &mut ReadOnce<ConfigFile>,
    read: impl FnOnce(&mut dyn ConfigSpace) -> Result<T, AccessError>,
) -> Result<T, Unreadable> {
    read(space).map_err(|error| space.inner().why(error))
}
