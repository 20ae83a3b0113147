//! How long a plan takes, and how that grows: `cargo bench -p vfio-tph --bench plan`.
#![allow(missing_docs, reason = "a program")]

use std::time::Instant;

use vfio_tph::{Cache, CacheKind, Cpu, CpuId, CpuPresence, Plan, Queue, Topology};

const SIZES: [u32; 5] = [128, 256, 512, 1_024, 2_048];
const RUNS: u32 = 50;

fn main() {
    println!("{:>7} {:>6} {:>8} {:>16}", "queues", "CPUs", "us", "instead of n·ln n");
    let mut smallest = None;
    for queues in SIZES {
        let took = micros(queues, queues / 2, 64);
        let size = f64::from(queues) * f64::from(queues).ln();
        let smallest: f64 = *smallest.get_or_insert(took / size);
        println!("{queues:>7} {:>6} {took:>8.0} {:>16.2}", queues / 2, took / size / smallest);
    }
}

/// The least of several runs: noise only adds.
fn micros(queues: u32, cpus: u32, entries: u16) -> f64 {
    let host = host(cpus);
    // 37 has no factor in common with any of the sizes: all CPUs get queues.
    let queues: Vec<_> = (0..queues).map(|q| Queue::new(q, CpuId(q * 37 % cpus))).collect();
    let once = |_| {
        let start = Instant::now();
        assert_eq!(Plan::new(entries, &host, &queues).unwrap().entries.len(), 64);
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..RUNS).map(once).fold(f64::INFINITY, f64::min)
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
