//! `lab bench`: instructions counted in the guest, where they do not depend on what else the machine does.

use super::guests::DIRECT;
use super::{KernelArgument, boot, report};
use crate::repo;
use clap::Args;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;
use tph_lab::run::Program;
use tph_lab::{Cache, Error, Lab, Progress, Request};
use tph_lab_wire::variables;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    kernel: KernelArgument,
    /// End the guest after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1200)]
    timeout: u64,
    /// How many CPUs the guest has that asks for 512 tags; twice as many take four times as long to come up
    #[arg(long, value_name = "COUNT", default_value_t = 48)]
    cpus: u32,
}

pub(super) fn run(
    cache: Cache,
    progress: Progress,
    arguments: Arguments,
) -> Result<ExitCode, Error> {
    let timeout = Duration::from_secs(arguments.timeout);
    let many = cache.folder("profiles")?.join("many-cpus.toml");
    fs::write(&many, with_cpus(arguments.cpus)).map_err(Error::file("write", &many))?;
    let lab = Lab::open(cache, repo::root(), &arguments.kernel.kernel, progress)?;
    let request = boot::usual_request(arguments.kernel.kernel, timeout);
    let request = DIRECT.request(&Request { counted: true, ..request });
    // All at once they would wait for each other, and just one of them runs.
    let append = vec!["cpuhp.parallel=0".to_owned()];
    let guests = [
        ("the module beside vfio-pci", request.clone(), "overhead::"),
        ("many CPUs", Request { profiles: vec![many], append, ..request }, "cache::direct_tags"),
    ];
    let mut outcomes = Vec::new();
    for (what, request, tests) in guests {
        println!("guest: {what}");
        let program = Program {
            path: lab.programs().named("tests"),
            arguments: vec![tests.to_owned()],
            environment: vec![(variables::COUNTED.to_owned(), "1".to_owned())],
        };
        outcomes.push(report::run(&lab, &request, &program)?);
    }
    Ok(ExitCode::from(report::summary(&outcomes)))
}

/// A host with so many CPUs, and a device without a table, whose tags the driver asks for.
fn with_cpus(count: u32) -> String {
    let cpu = |id| format!("  {{ id = {id}, socket = 0, core = {id}, uid = {id} }},\n");
    let cpus: String = (0..count).map(cpu).collect();
    let function = |(number, name)| {
        format!(
            "[[functions]]\nname = \"{name}\"\nbdf = \"0000:01:00.{number}\"\nroot_port = \"port0\"\n\
             tph = {{ modes = 7, extended = true }}\n"
        )
    };
    // Every profile of the tests has a nic0.
    let functions: String = ["nic0", "direct"].iter().enumerate().map(function).collect();
    format!(
        "name = \"many\"\ncpus = [\n{cpus}]\n\
         caches = [{{ id = 0, level = 3, cpus = \"0-{last}\" }}]\n\
         [firmware]\n\
         [[root_ports]]\nname = \"port0\"\nbdf = \"0000:00:05.0\"\nbus = 1\ncompleter = 3\n\
         {functions}",
        last = count.saturating_sub(1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_with_many_cpus_is_one() {
        let profile = tph_emu::Profile::parse("many", &with_cpus(512)).unwrap();
        assert_eq!(profile.cpus.len(), 512);
    }
}
