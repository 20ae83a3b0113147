//! From a request to an outcome: everything that a boot needs is prepared here, in order.

use crate::emulation::Emulation;
use crate::guest::{self, Driver, Programs};
use crate::kernel::{Kernel, KernelChoice};
use crate::machine::Hardware;
use crate::prepare::{Freshness, prepare};
use crate::run::{End, Outcome, Program, Session};
use crate::{Cache, Error, Parameter, Progress, Result, Sysroot};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tph_lab_wire::TestReport;

/// The driver under test.
pub const DRIVER: &str = "vfio-pci-tph";

/// The emulated host that the guest sees when nothing else is asked for.
const DEFAULT_PROFILE: &str = "lab/profiles/default.toml";

/// How long a stock kernel may take to come up; 5 s are usual.
const BOOT: Duration = Duration::from_secs(90);
/// A guest whose instructions are counted has one processor of the host for all of its own.
const COUNTED: u32 = 5;
/// How often a kernel is booted that does not come up.
const BOOTS: u32 = 3;

/// What somebody wants from the lab.
#[derive(Clone, Debug)]
pub struct Request {
    /// The kernel to boot.
    pub kernel: KernelChoice,
    /// Descriptions of emulated hosts; none means the default one.
    pub profiles: Vec<PathBuf>,
    /// More words for the kernel's command line.
    pub append: Vec<String>,
    /// Parameters for the module under test.
    pub parameters: Vec<Parameter>,
    /// The driver that the endpoints are bound to; the module under test is loaded only for its
    /// own. None leaves the endpoints alone.
    pub driver: Option<String>,
    /// A system of its own for the guest, as a cpio archive that is a multiple of 4 bytes long; None
    /// for the usual guest.
    pub system: Option<PathBuf>,
    /// How long the boot may take in all.
    pub timeout: Duration,
    /// Each instruction takes a nanosecond of the guest's clock, and nothing else takes any, so that
    /// a time in the guest is a number of instructions.
    pub counted: bool,
    /// Set from outside to end the boot early.
    pub interrupt: Arc<AtomicBool>,
}

/// The lab, ready to boot one kernel.
#[derive(Debug)]
pub struct Lab {
    cache: Cache,
    repository: PathBuf,
    progress: Progress,
    sysroot: Sysroot,
    kernel: Kernel,
    programs: Programs,
}

impl Lab {
    /// Fetches what has to be fetched and builds the guest's programs.
    ///
    /// # Errors
    /// When a download or a build fails.
    pub fn open(
        cache: Cache,
        repository: PathBuf,
        kernel: &KernelChoice,
        progress: Progress,
    ) -> Result<Self> {
        let (sysroot, kernel) = prepare(&cache, kernel, Freshness::Cached, progress)?;
        let programs = guest::build(&repository, progress)?;
        Ok(Self { cache, repository, progress, sysroot, kernel, programs })
    }

    /// The kernel it boots.
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The guest's own programs.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Builds the modules for the lab's kernel.
    ///
    /// # Errors
    /// When the build fails.
    pub fn driver(&self) -> Result<Driver> {
        Driver::build(&self.cache, &self.sysroot, &self.kernel, &self.repository, self.progress)
    }

    /// Boots the guest and runs a program in it. A kernel that does not come up is booted again, a
    /// few times: nothing under test has run by then.
    ///
    /// # Errors
    /// When something that the boot needs is missing or cannot be built.
    pub fn run(
        &self,
        request: &Request,
        program: &Program,
        mut on_test: impl FnMut(&TestReport),
    ) -> Result<Outcome> {
        let mut outcome = self.boot(request, program, &mut on_test)?;
        for _ in 1..BOOTS {
            if outcome.end != End::NotBooted {
                break;
            }
            self.progress.say(&format!(
                "the guest's kernel did not come up in {:.1} s (console: {}); booting again",
                outcome.took.as_secs_f32(),
                outcome.console.display()
            ));
            outcome = self.boot(request, program, &mut on_test)?;
        }
        Ok(outcome)
    }

    /// Boots the guest once.
    fn boot(
        &self,
        request: &Request,
        program: &Program,
        on_test: &mut dyn FnMut(&TestReport),
    ) -> Result<Outcome> {
        let folder = tempfile::Builder::new()
            .prefix("tph-lab-")
            .tempdir()
            .map_err(Error::file("make a folder in", std::env::temp_dir()))?;
        let profiles = self.profiles(request);
        let emulation = Emulation::start(&profiles, folder.path())?;
        let hardware = emulation.hardware();
        let session = Session {
            cache: &self.cache,
            folder: folder.path(),
            sysroot: &self.sysroot,
            kernel: &self.kernel,
            append: request.append.clone(),
            init: self.programs.init(),
            programs: self.programs.started(),
            modules: self.modules(request, &hardware)?,
            driver: request.driver.clone(),
            system: request.system.clone(),
            profiles,
            hardware,
            endpoints: emulation.endpoints(),
            boot: BOOT * request.kernel.slowness() * if request.counted { COUNTED } else { 1 },
            timeout: request.timeout,
            counted: request.counted,
            interrupt: Arc::clone(&request.interrupt),
        };
        session.run(program, on_test)
    }

    /// The profiles that the request names, or the default one.
    fn profiles(&self, request: &Request) -> Vec<PathBuf> {
        if request.profiles.is_empty() {
            return vec![self.repository.join(DEFAULT_PROFILE)];
        }
        request.profiles.clone()
    }

    /// The modules with their parameters: VFIO's own, then ours. Those without are loaded by their
    /// tests alone.
    fn modules(
        &self,
        request: &Request,
        hardware: &Hardware,
    ) -> Result<Vec<(PathBuf, Option<String>)>> {
        let stock = guest::needed(&self.cache, &self.sysroot, &self.kernel)?;
        let mut modules: Vec<_> =
            stock.into_iter().map(|file| (file, Some(String::new()))).collect();
        if request.driver.as_deref() == Some(DRIVER) {
            let driver = self.driver()?;
            if !hardware.ports.is_empty() {
                modules.push((driver.completer(), Some(hardware.completer_parameter())));
            }
            modules.push((driver.module(), Some(Parameter::join(&request.parameters))));
            modules.push((driver.exports(), None));
            modules.push((driver.importer(), None));
            modules.extend(driver.in_tree().map(|module| (module, None)));
        }
        Ok(modules)
    }
}
