//! QEMU: its command line and its process.

use super::hardware::{Function, Hardware, Position, RootPort};
use crate::{Error, Result, Sysroot};
use serde_json::Value;
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// The environment variable that chooses how instructions are run: `tcg` or `kvm`. A `/dev/kvm` that
/// exists need not work, so software emulation is the default.
const ACCELERATOR: &str = "VFIO_TPH_ACCEL";
/// The guest's memory in megabytes.
const MEMORY: u32 = 1024;
/// Warnings and worse have to reach the console; `panic` ends QEMU, as it may not reboot. On a busy
/// machine the kernel's test whether the timer ticks in time can fail, and then it panics.
const KERNEL_ARGUMENTS: &str = "console=ttyS0 intel_iommu=on panic=-1 oops=panic loglevel=7 \
                                8250.nr_uarts=4 no_timer_check";
/// Linux lets devices reach each other below an AMD Zen (family 17h and later), and not below what
/// `max` is by itself. The older families cost the kernel time: they need return thunks.
const PROCESSOR: &str = "max,vendor=AuthenticAMD,family=26";

/// What to boot and how to talk to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) kernel: &'a Path,
    pub(crate) initramfs: &'a Path,
    /// More words for the kernel's command line.
    pub(crate) append: &'a [String],
    pub(crate) hardware: &'a Hardware,
    /// Whether the guest's clock counts instructions.
    pub(crate) counted: bool,
    /// A file for what the kernel prints.
    pub(crate) console: &'a Path,
    /// Listening sockets for the program's output and for questions.
    pub(crate) output: &'a Path,
    pub(crate) control: &'a Path,
    /// A listening socket for orders to QEMU itself (its machine protocol).
    pub(crate) monitor: &'a Path,
}

/// A running QEMU; it ends with this value, and with this process.
#[derive(Debug)]
pub(crate) struct Qemu {
    child: Child,
}

impl Qemu {
    /// Starts it. Whatever QEMU itself has to say goes to `log`.
    pub(crate) fn start(sysroot: &Sysroot, boot: &Boot<'_>, log: std::fs::File) -> Result<Self> {
        let native = sysroot.native("usr/bin/qemu-system-x86_64");
        let share = sysroot.root().join("usr/share");
        // The kernel kills it when the thread that started it is gone, however that came about.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(native.get_program())
            .args(native.get_args());
        for folder in ["qemu", "seabios"] {
            command.arg("-L").arg(share.join(folder));
        }
        command.args(arguments(boot, &accelerator(boot.counted)));
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|source| Error::Start { program: "setpriv".to_owned(), source })?;
        Ok(Self { child })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .map_err(|source| Error::Start { program: "qemu-system-x86_64".to_owned(), source })
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // Both fail only for a process that has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn accelerator(counted: bool) -> String {
    match env::var(ACCELERATOR) {
        // Only instructions that QEMU runs itself, one processor after the other, can be counted.
        _ if counted => "tcg,thread=single".to_owned(),
        Ok(choice) if choice == "kvm" => "kvm".to_owned(),
        _ => "tcg,thread=multi".to_owned(),
    }
}

fn arguments(boot: &Boot<'_>, accelerator: &str) -> Vec<OsString> {
    let mut list: Vec<OsString> = Vec::new();
    let mut add = |option: &str, value: &str| list.extend([option.into(), value.into()]);
    add("-machine", "q35,kernel-irqchip=split,memory-backend=memory");
    add("-accel", accelerator);
    if boot.counted {
        add("-icount", "shift=0,sleep=off");
    }
    add("-cpu", PROCESSOR);
    for (option, value) in boot.hardware.processors.options() {
        add(option, &value);
    }
    add("-m", &MEMORY.to_string());
    // The endpoints' servers map the guest's memory: their DMA goes there.
    add("-object", &format!("memory-backend-memfd,id=memory,size={MEMORY}M,share=on"));
    add("-vga", "none");
    add("-display", "none");
    add("-monitor", "none");
    add("-chardev", &format!("file,id=console,path={}", quoted(boot.console)));
    add("-chardev", &format!("socket,id=output,path={}", quoted(boot.output)));
    add("-chardev", &format!("socket,id=control,path={}", quoted(boot.control)));
    add("-chardev", &format!("socket,id=monitor,path={}", quoted(boot.monitor)));
    add("-object", "monitor-qmp,id=orders,chardev=monitor");
    for port in ["console", "output", "control"] {
        add("-serial", &format!("chardev:{port}"));
    }
    for table in &boot.hardware.acpi_tables {
        add("-acpitable", &format!("file={}", quoted(table)));
    }
    // Hot plug is the root ports' own business, as on real hosts: with ACPI's instead QEMU never sets
    // Data Link Layer Link Active, and a bus reset fails, as the link seems down.
    add("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
    add("-device", "intel-iommu,intremap=on,caching-mode=on");
    for (index, port) in boot.hardware.ports.iter().enumerate() {
        add("-device", &root_port(index, *port));
    }
    for (index, function) in boot.hardware.functions.iter().enumerate() {
        add("-device", &endpoint(index, function, boot.hardware).to_string());
    }
    let words = boot.append.iter().map(String::as_str);
    let words: Vec<&str> = std::iter::once(KERNEL_ARGUMENTS).chain(words).collect();
    add("-append", &words.join(" "));
    list.extend(["-kernel".into(), boot.kernel.into(), "-initrd".into(), boot.initramfs.into()]);
    list.extend(["-nodefaults", "-no-user-config", "-no-reboot"].map(OsString::from));
    list
}

/// QEMU doubles commas inside option values.
fn quoted(path: &Path) -> String {
    path.display().to_string().replace(',', ",,")
}

fn root_port(index: usize, RootPort { device, slot, .. }: RootPort) -> String {
    let number = index + 1;
    let id = port_id(index);
    let hotplug = if slot { "on" } else { "off" };
    format!(
        "pcie-root-port,id={id},chassis={number},slot={number},addr={device:02x}.0,hotplug={hotplug}"
    )
}

/// What QEMU calls the root port with that index.
pub(super) fn port_id(index: usize) -> String {
    format!("port{index}")
}

/// What QEMU calls the function with that index.
pub(super) fn endpoint_id(index: usize) -> String {
    format!("ep{index}")
}

/// The properties of the function with that index, as QEMU takes them.
pub(super) fn endpoint(index: usize, function: &Function, hardware: &Hardware) -> Value {
    let (bus, address) = match function.position {
        Position::BelowPort { port, function } => (port_id(port), format!("00.{function}")),
        Position::Integrated { device } => ("pcie.0".to_owned(), format!("{device:02x}.0")),
    };
    serde_json::json!({
        "driver": "vfio-user-pci",
        "id": endpoint_id(index),
        "bus": bus,
        "addr": address,
        "multifunction": hardware.has_siblings(function),
        "socket": { "type": "unix", "path": function.socket },
    })
}

#[cfg(test)]
mod tests {
    use super::super::Processors;
    use super::*;

    #[test]
    fn the_command_line_names_every_part_of_the_hardware() {
        let function = |name: &str, position| Function {
            name: name.into(),
            position,
            socket: format!("/run/{name}").into(),
        };
        let hardware = Hardware {
            processors: Processors::with_uids((0..6).collect()).unwrap(),
            ports: vec![
                RootPort { device: 5, completer: 3, slot: true },
                RootPort { device: 0x16, completer: 0, slot: false },
            ],
            functions: vec![
                function("ep0", Position::BelowPort { port: 1, function: 2 }),
                function("ep1", Position::Integrated { device: 0x18 }),
            ],
            acpi_tables: vec!["/run/a,b".into()],
            ..Hardware::default()
        };
        let boot = Boot {
            kernel: Path::new("/k"),
            initramfs: Path::new("/i"),
            append: &["pci=notph".to_owned()],
            hardware: &hardware,
            counted: false,
            console: Path::new("/c"),
            output: Path::new("/o"),
            control: Path::new("/q"),
            monitor: Path::new("/m"),
        };
        let line: Vec<String> = arguments(&boot, "tcg")
            .into_iter()
            .map(|argument| argument.into_string().unwrap())
            .collect();
        assert!(line.iter().any(|argument| argument.ends_with(" no_timer_check pci=notph")));
        for wanted in [
            "6",
            "pcie-root-port,id=port0,chassis=1,slot=1,addr=05.0,hotplug=on",
            "pcie-root-port,id=port1,chassis=2,slot=2,addr=16.0,hotplug=off",
            "file=/run/a,,b",
        ] {
            assert!(line.iter().any(|argument| argument == wanted), "{wanted} in {line:?}");
        }
        let endpoints: Vec<serde_json::Value> =
            line.iter().filter_map(|argument| serde_json::from_str(argument).ok()).collect();
        let endpoints: Vec<_> = endpoints.iter().filter(|value| value.is_object()).collect();
        assert_eq!(endpoints[0]["bus"], "port1");
        assert_eq!(endpoints[0]["addr"], "00.2");
        assert_eq!(endpoints[0]["multifunction"], false);
        assert_eq!(endpoints[0]["socket"]["path"], "/run/ep0");
        assert_eq!(endpoints[1]["bus"], "pcie.0");
        assert_eq!(endpoints[1]["addr"], "18.0");
    }
}
