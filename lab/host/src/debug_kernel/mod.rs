//! The lab's own kernel: small, with the kernel's TPH support and with everything that reports bugs.
//!
//! It is built once for each [`Recipe`], in a folder of the cache that is named after it. A build that
//! was interrupted goes on where it stopped.

mod build;
mod counter;
mod options;
mod recipe;

use crate::command::output;
use crate::kernel::{Kernel, Version};
use crate::prepare::Source;
use crate::{Cache, Progress, Result, Sysroot};
use build::Build;
use recipe::Recipe;
use std::fs;

/// The options that its configuration has beside those of `make tinyconfig`.
const OPTIONS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../kernel/debug.config"));

/// Builds it, unless that was done before.
pub(crate) fn build(
    cache: &Cache,
    sysroot: &Sysroot,
    source: &Source,
    progress: Progress,
) -> Result<Kernel> {
    let _lock = cache.lock_part("debug-kernel")?;
    let compiler =
        output(sysroot.command("gcc", &[]).arg("--version"), "ask the compiler for its version")?;
    let recipe = Recipe { source: source.version.as_str(), options: OPTIONS, compiler: &compiler };
    let build = Build::new(cache, sysroot, source, &recipe)?;
    if let Ok(release) = fs::read_to_string(build.mark()) {
        return build.kernel(&Version::new(release));
    }
    let step = progress.step("configure the debug kernel");
    build.configure(OPTIONS)?;
    step.done();
    build.compile(progress)?;
    let step = progress.step("install the debug kernel");
    let release = build.install()?;
    step.done();
    build.kernel(&release)
}
