//! Booting, waiting, and cleaning up.

use super::endpoints::{Endpoints, Host};
use super::outcome::{End, Outcome};
use super::{console, control, logs, output};
use crate::guest::Initramfs;
use crate::kernel::Kernel;
use crate::machine::{Boot, Hardware, Monitor, Qemu};
use crate::{Cache, Error, Result, Sysroot};
use std::fs::File;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};
use tph_lab_wire::{Message, Module, Plan, TestReport, profile_path};

/// How often the host looks whether QEMU has ended or somebody interrupts.
const POLL: Duration = Duration::from_millis(50);
/// How long a guest may take to power off after its program.
const GRACE: Duration = Duration::from_secs(20);

/// What to run in the guest.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// A static program of this machine.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables for its environment beside those that describe the endpoints.
    pub environment: Vec<(String, String)>,
}

/// All that one boot needs, found or built.
pub struct Session<'a> {
    /// Where consoles are kept.
    pub cache: &'a Cache,
    /// A folder for what is gone after the boot, with a path short enough for sockets.
    pub folder: &'a Path,
    /// Where QEMU is.
    pub sysroot: &'a Sysroot,
    /// What to boot.
    pub kernel: &'a Kernel,
    /// More words for the kernel's command line.
    pub append: Vec<String>,
    /// The guest's first process.
    pub init: PathBuf,
    /// Programs that the one under test may start, in `/bin`.
    pub programs: Vec<PathBuf>,
    /// Module files with their parameters, in the order to load them in; one without is in the
    /// guest and not loaded.
    pub modules: Vec<(PathBuf, Option<String>)>,
    /// The driver to bind the endpoints to; none leaves them alone.
    pub driver: Option<String>,
    /// What the emulated machine was made from; the guest may read it.
    pub profiles: Vec<PathBuf>,
    /// An archive (cpio) with a system of its own, which takes over from init and has a program of
    /// its own; `None` for the usual guest, which has nothing but what is here.
    pub system: Option<PathBuf>,
    /// The emulated machine; its sockets have to be served already.
    pub hardware: Hardware,
    /// Who answers the guest's questions about endpoints.
    pub endpoints: Arc<dyn Endpoints>,
    /// How long the guest's kernel may take to come up.
    pub boot: Duration,
    /// How long a boot may take in all.
    pub timeout: Duration,
    /// Whether the guest's clock counts instructions.
    pub counted: bool,
    /// Set from outside to end the boot early.
    pub interrupt: Arc<AtomicBool>,
}

impl Session<'_> {
    /// Boots the guest, runs the program in it and waits for its end. The program's output goes to
    /// standard output, and each test that it reports to `on_test`, as they come.
    ///
    /// # Errors
    /// When the boot could not even begin.
    pub fn run(&self, program: &Program, mut on_test: impl FnMut(&TestReport)) -> Result<Outcome> {
        let initramfs = self.folder.join("initramfs");
        self.pack(&initramfs, program)?;
        let console = logs::new_console(self.cache)?;
        let (output_socket, output) = listen(self.folder, "output")?;
        let (control_socket, control) = listen(self.folder, "control")?;
        let (monitor_socket, monitor) = listen(self.folder, "monitor")?;
        let qemu_log = self.folder.join("qemu.log");
        let boot = Boot {
            kernel: self.kernel.image(),
            initramfs: &initramfs,
            append: &self.append,
            hardware: &self.hardware,
            counted: self.counted,
            console: &console,
            output: &output_socket,
            control: &control_socket,
            monitor: &monitor_socket,
        };
        let (sender, events) = channel();
        let printer = output::pass_through(output);
        let host = Host {
            endpoints: Arc::clone(&self.endpoints),
            monitor: Monitor::new(self.hardware.clone(), monitor),
        };
        let answerer = control::serve(control, host, sender);
        let began = Instant::now();
        let log = File::create(&qemu_log).map_err(Error::file("make", &qemu_log))?;
        let mut qemu = Qemu::start(self.sysroot, &boot, log)?;
        let mut news = News::default();
        let stopped = self.watch(&mut qemu, &events, began, &mut news, &mut on_test);
        drop(qemu);
        // Its ends of the sockets are closed now; should it never have connected, we do.
        for (socket, reader) in [(&output_socket, printer), (&control_socket, answerer)] {
            drop(UnixStream::connect(socket));
            let _ = reader.join();
        }
        for message in events.try_iter() {
            news.take(message, &mut on_test);
        }
        let text = console::read(&console);
        let said = console::read(&qemu_log);
        Ok(Outcome {
            end: stopped?.or(news.end).unwrap_or(if news.started {
                End::Died
            } else {
                End::NotBooted
            }),
            tests: news.tests,
            complaints: console::complaints(&text),
            tail: console::tail(&format!("{text}\n{said}")),
            console,
            took: began.elapsed(),
        })
    }

    /// Waits for QEMU to end; the reason if it has to be stopped.
    fn watch(
        &self,
        qemu: &mut Qemu,
        events: &Receiver<Message>,
        began: Instant,
        news: &mut News,
        on_test: &mut impl FnMut(&TestReport),
    ) -> Result<Option<End>> {
        loop {
            match events.recv_timeout(POLL) {
                Ok(message) => news.take(message, on_test),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(POLL),
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Ok(Some(End::Interrupted));
            }
            if qemu.ended()?.is_some() {
                return Ok(None);
            }
            if !news.started && began.elapsed() > self.boot {
                return Ok(Some(End::NotBooted));
            }
            let overdue = news.ended.is_some_and(|ended| ended.elapsed() > GRACE);
            if overdue || began.elapsed() > self.timeout {
                return Ok(Some(End::TimedOut));
            }
        }
    }

    /// Writes the guest's root file system.
    fn pack(&self, path: &Path, program: &Program) -> Result<()> {
        let mut initramfs = Initramfs::create(path, &self.init, self.system.as_deref())?;
        let name = file_name(&program.path);
        initramfs.add_program(&format!("bin/{name}"), &program.path)?;
        for other in &self.programs {
            initramfs.add_program(&format!("bin/{}", file_name(other)), other)?;
        }
        for (index, profile) in self.profiles.iter().enumerate() {
            initramfs.add(profile_path(index).trim_start_matches('/'), profile)?;
        }
        let mut modules = Vec::new();
        for (file, parameters) in &self.modules {
            let path = format!("/modules/{}", file_name(file));
            initramfs.add(path.trim_start_matches('/'), file)?;
            modules.extend(parameters.clone().map(|parameters| Module { path, parameters }));
        }
        initramfs.finish(&Plan {
            modules,
            endpoints: self.hardware.endpoints(),
            driver: self.driver.clone(),
            system: self.system.is_some(),
            program: format!("/bin/{name}"),
            arguments: program.arguments.clone(),
            environment: program.environment.clone(),
        })
    }
}

/// What the guest has told so far.
#[derive(Default)]
struct News {
    started: bool,
    end: Option<End>,
    ended: Option<Instant>,
    tests: Vec<TestReport>,
}

impl News {
    fn take(&mut self, message: Message, on_test: &mut impl FnMut(&TestReport)) {
        match message {
            Message::Test(test) => {
                on_test(&test);
                self.tests.push(test);
            }
            Message::Started { .. } => self.started = true,
            Message::Exit { exit } => self.end = Some(End::Exit(exit)),
            Message::Failed { failed } => self.end = Some(End::Failed(failed)),
            Message::Ask(_) => {}
        }
        if self.end.is_some() {
            self.ended.get_or_insert_with(Instant::now);
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn listen(folder: &Path, name: &str) -> Result<(PathBuf, UnixListener)> {
    let path = folder.join(name);
    let listener = UnixListener::bind(&path).map_err(Error::file("listen on", &path))?;
    Ok((path, listener))
}
