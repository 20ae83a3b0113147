//! Booting the guest: `lab run`, `lab test` and `lab demo`.

use super::KernelArgument;
use super::guests::TEST_GUESTS;
use super::report;
use crate::repo;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tph_lab::lab::DRIVER;
use tph_lab::run::{Outcome, Program};
use tph_lab::{Cache, Error, KernelChoice, Lab, Parameter, Progress, Request};
use tph_lab_wire::variables;

pub(super) const RUN_HELP: &str = "\
In the program's environment: TPH_LAB_DEVICES, TPH_LAB_GROUPS and TPH_LAB_ENDPOINTS list the
endpoints' addresses, IOMMU groups and names; TPH_LAB_EP0_BDF, TPH_LAB_EP0_GROUP, TPH_LAB_EP0_NAME
and TPH_LAB_EP0_PORT (the root port) are the first one's, and so on; TPH_LAB_CONTROL is the device
through which the host answers questions about endpoints (docs/lab.md).

Exit code: the program's own; 124 after a timeout; 125 if the lab failed or the guest's kernel
printed a warning or worse, whatever the program's own is; 130 after an interrupt.";

/// How long a guest with a stock kernel may take.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What `run`, `test` and `demo` have in common.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    kernel: KernelArgument,
    /// An emulated host's description; may be given several times [default: lab/profiles/default.toml]
    #[arg(long, value_name = "FILE")]
    profile: Vec<PathBuf>,
    /// A parameter for the module; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<Parameter>,
    /// A word for the kernel's command line, such as pci=notph; may be given several times
    #[arg(long, value_name = "WORD")]
    append: Vec<String>,
    /// The driver to bind the endpoints to; "none" leaves them alone
    #[arg(long, value_name = "NAME", default_value = DRIVER)]
    driver: String,
    /// End the guest after so many seconds [default: 600, and 2400 for the debug kernel]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// A guest with the endpoints of the default profile, bound to the module as it is.
pub(crate) fn usual_request(kernel: KernelChoice, timeout: Duration) -> Request {
    Request {
        kernel,
        profiles: Vec::new(),
        append: Vec::new(),
        parameters: Vec::new(),
        driver: Some(DRIVER.to_owned()),
        system: None,
        timeout,
        counted: false,
        interrupt: interrupt(),
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    options: Options,
    /// A static program of this machine
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    #[command(flatten)]
    options: Options,
    /// How often the module comes and goes, where it does so for a trace that it may leave [default: 50]
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Run only the tests whose names contain this
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
}

impl Options {
    fn request(self) -> Request {
        let kernel = self.kernel.kernel;
        let timeout = self.timeout.map_or(TIMEOUT * kernel.slowness(), Duration::from_secs);
        Request {
            profiles: self.profile,
            append: self.append,
            parameters: self.param,
            driver: Some(self.driver).filter(|driver| driver != "none"),
            ..usual_request(kernel, timeout)
        }
    }
}

/// What is set when somebody interrupts.
fn interrupt() -> Arc<AtomicBool> {
    let interrupt = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // It fails only for signals that nobody may handle.
        let _ = signal_hook::flag::register(signal, Arc::clone(&interrupt));
    }
    interrupt
}

/// `lab run`: output and exit code are the program's.
pub(super) fn run(
    cache: Cache,
    progress: Progress,
    arguments: RunArguments,
) -> Result<ExitCode, Error> {
    let request = arguments.options.request();
    let lab = Lab::open(cache, repo::root(), &request.kernel, progress)?;
    let mut words = arguments.program.into_iter();
    let path = words.next().unwrap_or_default().into();
    let program = Program { path, arguments: words.collect(), environment: Vec::new() };
    Ok(ExitCode::from(report::run(&lab, &request, &program)?.exit_code()))
}

/// `lab demo`: the guest's program `demo`.
pub(super) fn demo(cache: Cache, progress: Progress, options: Options) -> Result<ExitCode, Error> {
    let request = options.request();
    let lab = Lab::open(cache, repo::root(), &request.kernel, progress)?;
    let program = Program { path: lab.programs().named("demo"), ..Program::default() };
    Ok(ExitCode::from(report::run(&lab, &request, &program)?.exit_code()))
}

/// `lab test`: the guest's program `tests`, which reports each test by name. Without a profile, a
/// parameter and a word for the kernel it runs in every guest of [`TEST_GUESTS`], else in the one that
/// was asked for.
pub(super) fn test(
    cache: Cache,
    progress: Progress,
    arguments: TestArguments,
) -> Result<ExitCode, Error> {
    let request = arguments.options.request();
    let lab = Lab::open(cache, repo::root(), &request.kernel, progress)?;
    let path = lab.programs().named("tests");
    let rounds = arguments.rounds.map(|rounds| (variables::ROUNDS.to_owned(), rounds.to_string()));
    let environment: Vec<_> = rounds.into_iter().collect();
    let run = |request: &Request, filter: Vec<String>| -> Result<Outcome, Error> {
        let environment = environment.clone();
        let program = Program { path: path.clone(), arguments: filter, environment };
        report::run(&lab, request, &program)
    };
    let filter = arguments.filter;
    let own = request.profiles.is_empty() && request.parameters.is_empty();
    if !(own && request.append.is_empty()) {
        return Ok(ExitCode::from(report::summary(&[run(&request, filter)?])));
    }
    let mut outcomes = Vec::new();
    for guest in TEST_GUESTS {
        let Some(filter) = guest.filter(&filter) else { continue };
        println!("guest: {}", guest.what);
        outcomes.push(run(&guest.request(&request), filter)?);
    }
    Ok(ExitCode::from(report::summary(&outcomes)))
}
