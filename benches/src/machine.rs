//! What the figures are from: they mean nothing without.

use std::fmt;
use std::fs;
use std::process::Command;

use crate::tools::Tools;

/// A machine, and the programs on it that count.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    kernel: String,
    programs: Vec<String>,
}

impl Machine {
    pub(crate) fn look(tools: &Tools) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model =
            cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let processor = model.map_or("unknown processors", |(_, model)| model);
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let programs = [
            (Command::new("rustc"), "--version"),
            (tools.debian("usr/bin/lspci"), "--version"),
            (tools.debian("usr/bin/lstopo-no-graphics"), "--version"),
            (tools.debian("usr/bin/strace"), "--version"),
            (tools.valgrind(), "--version"),
        ];
        let programs = programs.into_iter().filter_map(|(mut program, version)| {
            let said = program.arg(version).output().ok()?.stdout;
            let said = String::from_utf8_lossy(&said).into_owned();
            said.lines().next().map(|line| line.replace("-no-graphics", ""))
        });
        let processor = format!("{count} of {processor}");
        Self { processor, kernel, programs: programs.collect() }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; Linux {}; {}", self.processor, self.kernel.trim(), self.programs.join("; "))
    }
}
