//! The C header of the interface, written from [`layout`](crate::layout).

use core::fmt::{self, Write};

use crate::entries::{ENTRY_CPU_NOT_PERMITTED, ENTRY_CPU_OFFLINE, ENTRY_IN_USE};
use crate::feature::{FeatureNumber, ST, ST_EXT};
use crate::layout::{Field, LAYOUTS, Layout, entries, entry, entry_state, op, st};
use crate::request::{MODE_DS, MODE_IV};
use crate::{CLEAR_CPU, MEMORY_PERSISTENT, MEMORY_VOLATILE, Operation, VFIO_DEVICE_PCI_TPH};

const TOP: &str = "\
/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note OR MIT OR Apache-2.0 */
/*
 * PCIe TLP Processing Hints over VFIO: the ioctl VFIO_DEVICE_PCI_TPH, and the
 * feature DMA_BUF_TPH of VFIO_DEVICE_FEATURE.
 *
 * Written from crates/tph-abi (UPDATE_HEADER=1 cargo test -p tph-abi), not by
 * hand. docs/abi.md says what each operation does and which errors it has.
 */
#ifndef _LINUX_VFIO_PCI_TPH_H
#define _LINUX_VFIO_PCI_TPH_H

#include <linux/ioctl.h>
#include <linux/types.h>

";

const UNION: &str = "\
\tunion {
\t\tstruct vfio_pci_tph_cap cap;
\t\tstruct vfio_pci_tph_ctrl ctrl;
\t\tstruct vfio_pci_tph_st st;
\t\tstruct vfio_pci_tph_entries entries;
\t};
";

/// The operations beyond the kernel series.
const OWN: &[(&str, Operation)] =
    &[("GET_ENTRIES", Operation::GetEntries), ("DMA_BUF_GET", Operation::DmaBufGet)];

/// Writes the header.
///
/// # Errors
/// What `out` answers.
pub fn write(out: &mut impl Write) -> fmt::Result {
    out.write_str(TOP)?;
    let (class, number) = (VFIO_DEVICE_PCI_TPH >> 8 & 0xff, VFIO_DEVICE_PCI_TPH & 0xff);
    let class = char::from_u32(class).ok_or(fmt::Error)?;
    writeln!(out, "#define VFIO_DEVICE_PCI_TPH\t_IO('{class}', {number})\n")?;
    for (name, operation) in [
        ("GET_CAP", Operation::GetCap),
        ("ENABLE", Operation::Enable),
        ("DISABLE", Operation::Disable),
        ("GET_ST", Operation::GetSt),
        ("SET_ST", Operation::SetSt),
    ] {
        writeln!(out, "#define VFIO_PCI_TPH_{name}\t{}", operation.number())?;
    }
    writeln!(out, "/* Of vfio-tph, not of the kernel series */")?;
    for (name, operation) in OWN {
        writeln!(out, "#define VFIO_PCI_TPH_{name}\t{:#x}u", operation.number())?;
    }
    writeln!(out, "\n#define VFIO_PCI_TPH_MODE_IV\t{MODE_IV}")?;
    writeln!(out, "#define VFIO_PCI_TPH_MODE_DS\t{MODE_DS}\n")?;
    writeln!(out, "#define VFIO_PCI_TPH_MEM_VM\t{MEMORY_VOLATILE}")?;
    writeln!(out, "#define VFIO_PCI_TPH_MEM_PM\t{MEMORY_PERSISTENT}\n")?;
    writeln!(out, "#define VFIO_PCI_TPH_ENTRY_IN_USE\t{ENTRY_IN_USE}")?;
    writeln!(out, "#define VFIO_PCI_TPH_ENTRY_CPU_OFFLINE\t{ENTRY_CPU_OFFLINE}")?;
    writeln!(out, "#define VFIO_PCI_TPH_ENTRY_CPU_NOT_PERMITTED\t{ENTRY_CPU_NOT_PERMITTED}\n")?;
    writeln!(out, "#define VFIO_PCI_TPH_CLEAR\t{CLEAR_CPU:#x}u")?;
    writeln!(out, "#define VFIO_PCI_TPH_MAX_ENTRIES\t{}\n", tph::BatchLen::MAX)?;
    writeln!(out, "/* VFIO_DEVICE_FEATURE: a parameter of the module moves the number */")?;
    let number = FeatureNumber::DEFAULT.get();
    writeln!(out, "#define VFIO_PCI_TPH_DMA_BUF_TPH_DEFAULT\t{number}")?;
    writeln!(out, "#define VFIO_DMA_BUF_TPH_ST\t{ST}")?;
    writeln!(out, "#define VFIO_DMA_BUF_TPH_ST_EXT\t{ST_EXT}\n")?;
    for layout in LAYOUTS {
        structure(out, layout)?;
    }
    out.write_str("#endif /* _LINUX_VFIO_PCI_TPH_H */\n")
}

fn structure(out: &mut impl Write, layout: Layout) -> fmt::Result {
    writeln!(out, "/* {}. */\nstruct {} {{", layout.meaning, layout.name)?;
    for field in layout.fields {
        member(out, *field)?;
    }
    if layout == st::LAYOUT {
        writeln!(out, "\tstruct {} ents[];", entry::LAYOUT.name)?;
    } else if layout == entries::LAYOUT {
        writeln!(out, "\tstruct {} ents[];", entry_state::LAYOUT.name)?;
    } else if layout == op::LAYOUT {
        out.write_str(UNION)?;
    }
    out.write_str("};\n\n")
}

fn member(out: &mut impl Write, field: Field) -> fmt::Result {
    let sign = if field.signed { 's' } else { 'u' };
    write!(out, "\t__{sign}{} {}", 8 * field.size, field.name)?;
    if field.count > 1 {
        write!(out, "[{}]", field.count)?;
    }
    writeln!(out, ";\t/* {} */", field.meaning)
}
