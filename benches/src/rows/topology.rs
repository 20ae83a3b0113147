//! Row 6: reading the topology of a large host, beside hwloc's.

use std::process::Command;

use vfio_tph::Host;

use crate::figure::Figure;
use crate::hosts::with_256_cpus;
use crate::measure::{Paired, least, program_time};
use crate::tools::Tools;

const ROUNDS: usize = 15;
const LIMIT: f64 = 3.0;

pub(crate) fn run(tools: &Tools) -> Vec<Figure> {
    let tree = with_256_cpus();
    let host = Host::saved(tree.path());
    let topology = host.topology();
    assert_eq!((topology.cpus.len(), topology.last_level_caches().len()), (256, 16));
    let alone = least(10, || host.topology());
    let ours = || tools.tph(["map".as_ref(), "--sysroot".as_ref(), tree.path().as_os_str()]);
    let peer = || {
        let mut lstopo = tools.debian("usr/bin/lstopo-no-graphics");
        lstopo.arg("--input").arg(tree.path()).args(["--of", "console", "--no-io"]);
        lstopo
    };
    let seen = peer().output().map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let seen = seen.expect("lstopo runs");
    assert_eq!(seen.matches("PU L#").count(), 256, "lstopo sees the same CPUs: {seen}");
    assert_eq!(seen.matches("L3 L#").count(), 16, "lstopo sees the same caches: {seen}");
    let times = Paired::rounds(ROUNDS, || program_time(&mut ours()), || program_time(&mut peer()));
    let calls = |command: &Command| tools.system_calls("all", command);
    let (faster, (low, high)) = (times.times_faster, times.spread);
    let (ours, peers) = (calls(&ours()), calls(&peer()));
    vec![
        Figure::new(
            "tph map --sysroot, 256 CPUs, CPU time of the whole program",
            format!(
                "{:.2?}, {ours} system calls; {faster:.1} times faster ({low:.1} to {high:.1}); \
                 reading alone {alone:.2?}",
                times.ours
            ),
        )
        .peer(format!("lstopo-no-graphics: {:.2?}, {peers} system calls", times.peer))
        .limit(format!("{LIMIT} times faster"), faster >= LIMIT),
    ]
}
