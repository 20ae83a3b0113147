//! What is drawn: the same for a terminal, for SVG and for JSON.

use tph::Bdf;
use vfio_tph::{Arrival, BusNode, DomainIndex, Error, FunctionView, Layout, Plan};

/// All that a drawing needs.
pub(super) struct Picture {
    /// The host; of its functions only those that are drawn.
    pub(super) layout: Layout,
    /// The function that was asked for.
    pub(super) device: Option<Bdf>,
    /// Its queues.
    pub(super) queues: Option<Queues>,
    /// How many functions are left out.
    pub(super) left_out: usize,
}

/// The queues of a function.
pub(super) struct Queues {
    pub(super) device: Bdf,
    /// How many entries its ST table has.
    pub(super) entries: u16,
    pub(super) arrivals: Vec<Arrival>,
}

impl Picture {
    /// Draws the functions of `layout` that have TPH, or may have it, and `device`; `all`: every one.
    /// The plan is that of a function whose ST table has so many entries.
    pub(super) fn new(
        mut layout: Layout,
        device: Option<Bdf>,
        plan: Option<(Bdf, u16, Plan)>,
        all: bool,
    ) -> Result<Self, Error> {
        let asked = |function: &FunctionView| Some(function.address) == device;
        if let Some(address) = device
            && !layout.bus.iter().any(|branch| branch.only(&asked).is_some())
        {
            return Err(Error::NoSuchFunction { address });
        }
        let count = |bus: &[BusNode]| bus.iter().map(BusNode::functions).sum::<usize>();
        let before = count(&layout.bus);
        let wanted =
            |function: &FunctionView| all || asked(function) || !matches!(function.tph, Ok(None));
        layout.bus = layout.bus.iter().filter_map(|branch| branch.only(&wanted)).collect();
        let left_out = before - count(&layout.bus);
        let queues = plan.map(|(device, entries, plan)| {
            let mut arrivals = layout.arrivals(&plan);
            arrivals.sort_by_key(|arrival| arrival.planned.queue.number);
            Queues { device, entries, arrivals }
        });
        Ok(Self { layout, device, queues, left_out })
    }

    /// The numbers of the queues whose data lands there; of none, if it is `None`.
    pub(super) fn landing(&self, domain: Option<DomainIndex>) -> Vec<u32> {
        let queues = self.queues.iter().flat_map(|queues| &queues.arrivals);
        let here = queues.filter(|arrival| arrival.domain == domain);
        here.map(|arrival| arrival.planned.queue.number).collect()
    }

    /// The whole in a sentence or two.
    pub(super) fn summary(&self) -> String {
        use crate::words::count;
        let packages = &self.layout.packages;
        let domains = || packages.iter().flat_map(|package| &package.domains);
        let cpus: usize = domains().map(|domain| domain.cpus.len()).sum();
        let functions: usize = self.layout.bus.iter().map(BusNode::functions).sum();
        let host = format!(
            "{} in {}, {}, {}.",
            count(cpus as u64, "CPU"),
            count(packages.len() as u64, "socket"),
            count(
                domains().filter(|domain| domain.cache.is_some()).count() as u64,
                "last-level cache"
            ),
            count(functions as u64, "function"),
        );
        let Some(queues) = &self.queues else { return host };
        let (all, lost) = (queues.arrivals.len(), self.landing(None).len());
        let queue = count(all as u64, "queue");
        format!("{host} Of {queue} of {}, {} land in a cache.", queues.device, all - lost)
    }
}
