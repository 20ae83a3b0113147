//! Every advice in words.

use std::fmt;

use super::Advice;

impl fmt::Display for Advice {
    #[expect(clippy::too_many_lines, reason = "a table: a sentence for each advice")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BindModule { device } => write!(
                f,
                "Give the device to the module that offers it, as root: {}.",
                bind(device)
            ),
            Self::AllowDirectTags => f.write_str(
                "If the device has no ST table and you trust its driver with tags, load the module \
                 with vfio_pci_tph.enable_unsafe_tph_ds=1.",
            ),
            Self::Show { device } => write!(
                f,
                "See what the device and the root port above it can do: tph show {device}."
            ),
            Self::HasTph { device } => write!(
                f,
                "See whether the device has TPH: tph show {device}. If it has, TPH is switched off on \
                 this host: start its kernel without pci=notph."
            ),
            Self::UpdateLibrary => f.write_str(
                "Take a newer version of vfio-tph: this one does not speak the revision of the interface \
                 that this kernel serves.",
            ),
            Self::OnAlready => f.write_str("Turn it off first, or stop the process that turned it on."),
            Self::ChooseCpus => f.write_str(
                "Choose CPUs that are online (/sys/devices/system/cpu/online) and that the process \
                 may run on (taskset -p), or give it CAP_SYS_NICE.",
            ),
            Self::ChooseEntries => f.write_str(
                "Choose indices inside of the table; if it lies in the MSI-X table, set up the \
                 vectors first.",
            ),
            Self::NoFirmwareTags => f.write_str(
                "Tags come from the firmware (_DSM function 0xF of the host bridge): look for a \
                 firmware setting or update for TPH, steering tags or cache injection.",
            ),
            Self::NeedAccess { file } => {
                write!(f, "Run as root, or get read and write access to {file}.")
            }
            Self::BindVfio { address } => write!(
                f,
                "Bind the device to a VFIO driver first, as root: {}.",
                bind(&address.to_string())
            ),
            Self::EnableIommu => f.write_str(
                "Turn the IOMMU on: in the firmware, and with intel_iommu=on on Intel hosts at boot.",
            ),
            Self::FreeGroup => f.write_str(
                "Bind every device of its IOMMU group to a VFIO driver, or to none.",
            ),
            Self::CloseOther { file } => {
                write!(f, "Stop the process that has it open: fuser -v {file}.")
            }
            Self::LoadModule => f.write_str("Load it: modprobe vfio_pci_tph."),
            Self::TakeDown { interface } => {
                write!(f, "Take it down: ip link set {interface} down.")
            }
            Self::Unmount { folder } => write!(f, "Unmount it: umount {folder}."),
            Self::ReadLog => f.write_str("See what the kernel says: dmesg."),
            Self::List => f.write_str("See what there is: tph list."),
            Self::UseAddress => f.write_str(
                "Use the PCI address: a device that is bound to a VFIO driver has no other name. See \
                 what there is: tph list.",
            ),
            Self::SayDomain => f.write_str("Write the whole PCI address of the one that you mean."),
            Self::TakeDump => {
                f.write_str("Take the dump anew, as root: lspci -xxxx -D > FILE.")
            }
            Self::OtherDevice => f.write_str(
                "Nothing on this host changes that: look for a newer firmware of the device, or \
                 take another device.",
            ),
            Self::OtherSlot => f.write_str(
                "Look for a setting of the firmware for TPH, or put the device below another root \
                 port: tph list --all shows what each takes.",
            ),
            Self::BelowRootPort => f.write_str(
                "Firmware names tags for devices below a root port only: take one of those.",
            ),
            Self::RemoveBootParameter { parameter } => {
                write!(f, "Boot the kernel without {parameter}.")
            }
            Self::OtherKernel => f.write_str("Take a kernel with CONFIG_VFIO_PCI."),
            Self::InstallModule => f.write_str(
                "Build it for this kernel: make -C kernel, then insmod \
                 kernel/build/vfio_pci_tph.ko.",
            ),
            Self::NameHost => f.write_str(
                "Sysfs is mounted at /sys; a saved host has it in DIR/sys, as tph capture DIR makes it.",
            ),
            Self::EmptyFolder => f.write_str("Name a folder that is empty or not there."),
            Self::RunAsRoot => f.write_str("Run as root."),
            Self::Explain { device } => write!(f, "See why, and what to do: tph explain {device}."),
            Self::ListProcesses => f.write_str("See which there are: ps -e."),
            Self::AskFirmware { device } => write!(
                f,
                "Bind it, as root: tph bind {device}. The module asks the firmware then."
            ),
            Self::ServeDmaBufs { device } => write!(
                f,
                "Give the device to the module: {}. VFIO exports dma-bufs in Linux 7.3 with \
                 CONFIG_PCI_P2PDMA, not in 6.12.",
                bind(device)
            ),
            Self::ShareWithoutTags => f.write_str(
                "Hand the dma-buf on without tags, or with one of 8 bits alone: what the device \
                 takes is TPH Completer in its own Device Capabilities 2.",
            ),
            Self::SetTagsFirst => f.write_str(
                "Use the buffer without a hint; or have its exporter set a tag of this width before \
                 it hands the descriptor on.",
            ),
            Self::ExportThere => f.write_str(
                "Set tags through the open device that exported the dma-buf, before it is closed.",
            ),
            Self::MapAnew => f.write_str(
                "Map the dma-buf again once its device is back, and ask again then.",
            ),
        }
    }
}

fn bind(device: &str) -> String {
    format!("modprobe vfio_pci_tph; tph bind {device}")
}
