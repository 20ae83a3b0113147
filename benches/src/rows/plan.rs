//! Row 7: planning, and how it grows.

use std::hint::black_box;

use vfio_tph::{Cache, CacheKind, Cpu, CpuId, CpuPresence, Plan, Queue, Topology};

use crate::count;
use crate::figure::Figure;
use crate::measure::least;
use crate::plot;
use crate::tools::Tools;

const SIZES: [u32; 5] = [128, 256, 512, 1_024, 2_048];
const ENTRIES: u16 = 64;
const MILLISECONDS: f64 = 2.0;
/// How far growth may be from n log n before it counts as worse.
const SLACK: f64 = 1.25;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let points = SIZES.map(|queues| {
        let (host, wanted) = case(queues);
        let time = least(50, || Plan::new(ENTRIES, &host, &wanted));
        let count = count::instructions(tools, &format!("plan-{queues}"), 10);
        plot::Point { queues, milliseconds: time.as_secs_f64() * 1e3, instructions: count }
    });
    if let Some(path) = &tools.plot {
        plot::draw(path, &points).expect("the plot is written");
    }
    let per = |point: &plot::Point| {
        let size = f64::from(point.queues);
        f64::from(u32::try_from(point.instructions).unwrap_or(u32::MAX)) / (size * size.ln())
    };
    let [first, .., last] = &points;
    let growth = per(last) / per(first);
    let told: Vec<_> =
        points.iter().map(|point| format!("{}: {}", point.queues, point.instructions)).collect();
    vec![
        Figure::new(
            "plan 2,048 queues x 1,024 CPUs for 64 entries, CPU time",
            format!("{:.2} ms", last.milliseconds),
        )
        .limit(format!("{MILLISECONDS} ms"), last.milliseconds <= MILLISECONDS),
        Figure::new(
            "instructions by queues, 128 to 2,048",
            format!("{}; {growth:.2} times n log n", told.join(", ")),
        )
        .limit(format!("{SLACK} times n log n"), growth <= SLACK),
    ]
}

pub(crate) fn piece(name: &str) -> Option<Box<dyn FnMut()>> {
    let (host, queues) = case(name.strip_prefix("plan-")?.parse().ok()?);
    Some(Box::new(move || drop(black_box(Plan::new(ENTRIES, &host, &queues)))))
}

/// So many queues for half as many CPUs.
fn case(queues: u32) -> (Topology, Vec<Queue>) {
    let cpus = queues / 2;
    // 37 has no factor in common with any of the sizes: all CPUs get queues.
    let wanted = (0..queues).map(|queue| Queue::new(queue, CpuId(queue * 37 % cpus))).collect();
    (host(cpus), wanted)
}

/// Two threads in a core, eight cores in an L3.
fn host(cpus: u32) -> Topology {
    let caches = |level, share: u32| {
        (0..cpus.div_ceil(share)).map(move |number| {
            let shared = (number * share..((number + 1) * share).min(cpus)).map(CpuId);
            Cache::new(level, CacheKind::Unified, shared.collect())
        })
    };
    let all = caches(1, 2).chain(caches(2, 2)).chain(caches(3, 16)).collect();
    Topology::new((0..cpus).map(|id| Cpu::new(CpuId(id), CpuPresence::Online)).collect(), all)
}
