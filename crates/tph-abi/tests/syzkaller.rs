//! The descriptions for syzkaller say what `layout` says: they are written from it, as the C header is.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tph_abi::layout::{Field, LAYOUTS, Layout, dma_buf, entry, entry_state};
use tph_abi::{CLEAR_CPU, FeatureNumber, FeatureRequest, MODE_DS, MODE_IV, Operation};
use tph_abi::{VFIO_DEVICE_FEATURE, VFIO_DEVICE_PCI_TPH};

/// What leads to the file of a VFIO device; `dev_vfio.txt` of syzkaller has containers only.
const DEVICE: &str = r#"# VFIO_DEVICE_PCI_TPH and DMA_BUF_TPH of the Linux module vfio_pci_tph, for syzkaller.
#
# Written from crates/tph-abi (UPDATE_HEADER=1 cargo test -p tph-abi), not by hand. It goes beside
# sys/linux/dev_vfio.txt, whose fd_vfio is used. docs/abi.md says what each call does.

include <uapi/linux/fcntl.h>
include <linux/vfio.h>

resource fd_vfio_group[fd]
resource fd_vfio_device[fd]
resource fd_vfio_dmabuf[fd]

openat$vfio_group(fd const[AT_FDCWD], file ptr[in, string[vfio_groups]], flags const[O_RDWR], mode const[0]) fd_vfio_group
ioctl$VFIO_GROUP_SET_CONTAINER(fd fd_vfio_group, cmd const[VFIO_GROUP_SET_CONTAINER], arg ptr[in, fd_vfio])
ioctl$VFIO_GROUP_GET_DEVICE_FD(fd fd_vfio_group, cmd const[VFIO_GROUP_GET_DEVICE_FD], arg ptr[in, string[vfio_devices]]) fd_vfio_device
openat$vfio_device(fd const[AT_FDCWD], file ptr[in, string[vfio_cdevs]], flags const[O_RDWR], mode const[0]) fd_vfio_device
ioctl$VFIO_DEVICE_RESET(fd fd_vfio_device, cmd const[VFIO_DEVICE_RESET])
ioctl$VFIO_DEVICE_SET_IRQS_MSIX(fd fd_vfio_device, cmd const[VFIO_DEVICE_SET_IRQS], arg ptr[in, vfio_irq_set_msix])
ioctl$VFIO_DEVICE_FEATURE_DMA_BUF(fd fd_vfio_device, cmd const[VFIO_DEVICE_FEATURE], arg ptr[in, vfio_feature_dma_buf]) fd_vfio_dmabuf

vfio_groups = "/dev/vfio/0", "/dev/vfio/1", "/dev/vfio/2", "/dev/vfio/3"
vfio_devices = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
vfio_cdevs = "/dev/vfio/devices/vfio0", "/dev/vfio/devices/vfio1", "/dev/vfio/devices/vfio2"

vfio_irq_set_msix {
	argsz	len[parent, int32]
	flags	flags[vfio_irq_set_flags, int32]
	index	const[VFIO_PCI_MSIX_IRQ_INDEX, int32]
	start	int32[0:8]
	count	len[data, int32]
	data	array[fd_event, 0:8]
}

vfio_irq_set_flags = VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK

vfio_feature_dma_buf {
	argsz		len[parent, int32]
	flags		const[0x1000b, int32]
	region_index	int32[0:5]
	open_flags	const[O_RDWR, int32]
	flags2		const[0, int32]
	nr_ranges	len[ranges, int32]
	ranges		array[vfio_dma_range, 1:2]
}

vfio_dma_range {
	offset	int64[0:0x10000]
	length	int64[0:0x10000]
}
"#;

/// What a field is to syzkaller; numbers that mean nothing special are left to it.
fn kind(structure: &Layout, field: Field) -> String {
    let int = format!("int{}", 8 * field.size);
    match (structure.name, field.name) {
        (_, "dmabuf_fd") => "fd_vfio_dmabuf".into(),
        (_, "argsz") => format!("len[parent, {int}]"),
        (_, "count") => format!("len[ents, {int}]"),
        (_, "mode") => format!("flags[vfio_pci_tph_modes, {int}]"),
        (_, "cpu") => format!("flags[vfio_pci_tph_cpus, {int}]"),
        (_, "mem_type") => format!("{int}[0:1]"),
        (_, "index") => format!("{int}[0:64]"),
        (_, "width") => format!("flags[vfio_pci_tph_widths, {int}]"),
        (_, "ph" | "flags") => format!("{int}[0:3]"),
        (_, name) if name.starts_with("reserved") && field.count > 1 => {
            format!("array[const[0, {int}], {}]", field.count)
        }
        (_, name) if name.starts_with("reserved") => format!("const[0, {int}]"),
        _ => int,
    }
}

fn structure(out: &mut String, structure: &Layout, first: &[&str], last: &str) {
    writeln!(out, "{} {{", structure.name).unwrap();
    for line in first {
        writeln!(out, "\t{line}").unwrap();
    }
    for field in structure.fields {
        let kind = match field.name {
            "op" => format!("const[{:#x}, int32]", Operation::DmaBufGet.number()),
            _ => kind(structure, *field),
        };
        writeln!(out, "\t{}\t{kind}", field.name).unwrap();
    }
    out.push_str(last);
    out.push_str("} [packed]\n\n");
}

/// The structures, in the order of `LAYOUTS`: those that follow a head have it in them.
fn structures(out: &mut String) {
    let set = u32::from(FeatureNumber::DEFAULT.get()) | 1 << 17;
    let mut probe = FeatureRequest::probe(FeatureNumber::DEFAULT);
    let flags = dma_buf::feature::FLAGS.read(probe.bytes(), 0).unwrap();
    assert_eq!(flags & set, set, "the bit of SET");
    let feature = [
        "argsz\tlen[parent, int32]".to_owned(),
        format!("feature\tflags[vfio_dma_buf_tph_{set:x}, int32]"),
    ];
    for layout in &LAYOUTS {
        match layout.name {
            "vfio_device_pci_tph_op" => {}
            "vfio_pci_tph_st" => structure(out, layout, &[], "\tents\tarray[vfio_pci_tph_entry]\n"),
            "vfio_pci_tph_entries" => {
                structure(out, layout, &[], "\tents\tarray[vfio_pci_tph_entry_state]\n");
            }
            name if name.starts_with("vfio_device_feature") => {
                structure(out, layout, &feature.each_ref().map(String::as_str), "");
            }
            _ => structure(out, layout, &[], ""),
        }
    }
    writeln!(out, "vfio_dma_buf_tph_{set:x} = {set:#x}, {flags:#x}").unwrap();
    writeln!(out, "vfio_pci_tph_modes = {MODE_IV}, {MODE_DS}").unwrap();
    writeln!(out, "vfio_pci_tph_cpus = 0, 1, 2, 3, {CLEAR_CPU:#x}").unwrap();
    writeln!(out, "vfio_pci_tph_widths = 8, 16").unwrap();
}

fn descriptions() -> String {
    let mut out = String::from(DEVICE);
    out.push('\n');
    let body = |operation| match operation {
        Operation::GetCap => Some(("get_cap", "vfio_pci_tph_cap")),
        Operation::Enable => Some(("enable", "vfio_pci_tph_ctrl")),
        Operation::Disable => Some(("disable", "")),
        Operation::GetSt => Some(("get_st", "vfio_pci_tph_st")),
        Operation::SetSt => Some(("set_st", "vfio_pci_tph_st")),
        Operation::GetEntries => Some(("get_entries", "vfio_pci_tph_entries")),
        Operation::DmaBufGet => None,
    };
    let all = (0..5).chain([Operation::OWN, Operation::OWN + 1]);
    let all: Vec<Operation> = all.filter_map(Operation::from_number).collect();
    assert_eq!(all.len(), 7, "every operation");
    let call = |name: &str, argument: &str| {
        let upper = name.to_uppercase();
        format!(
            "ioctl$VFIO_PCI_TPH_{upper}(fd fd_vfio_device, cmd const[{VFIO_DEVICE_PCI_TPH:#x}], \
             arg ptr[inout, {argument}])\n"
        )
    };
    let mut heads = String::new();
    for operation in all {
        let Some((name, body)) = body(operation) else {
            out.push_str(&call("dma_buf_get", dma_buf::get::LAYOUT.name));
            continue;
        };
        let whole = format!("vfio_device_pci_tph_{name}");
        out.push_str(&call(name, &whole));
        writeln!(heads, "{whole} {{\n\targsz\tlen[parent, int32]").unwrap();
        writeln!(heads, "\top\tconst[{:#x}, int32]", operation.number()).unwrap();
        if !body.is_empty() {
            writeln!(heads, "\tbody\t{body}").unwrap();
        }
        heads.push_str("} [packed]\n\n");
    }
    for form in [dma_buf::single::LAYOUT, dma_buf::apart::LAYOUT] {
        let name = form.name.trim_start_matches("vfio_device_feature_").to_uppercase();
        writeln!(
            out,
            "ioctl$VFIO_DEVICE_FEATURE_{name}(fd fd_vfio_device, cmd const[{VFIO_DEVICE_FEATURE:#x}], \
             arg ptr[in, {}])",
            form.name
        )
        .unwrap();
    }
    out.push('\n');
    out.push_str(&heads);
    structures(&mut out);
    out
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/syzkaller/vfio_pci_tph.txt")
}

#[test]
fn the_descriptions_in_the_tree_are_those_that_the_layout_gives() {
    let text = descriptions();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(path(), &text).unwrap();
    }
    let kept = fs::read_to_string(path()).unwrap();
    assert_eq!(kept, text, "run UPDATE_HEADER=1 cargo test -p tph-abi");
}

/// What the text itself says of a structure: the bytes of its fields, one after the other.
#[test]
fn every_structure_has_the_size_of_the_layout() {
    let text = fs::read_to_string(path()).unwrap();
    let bytes = |kind: &str| {
        let (kind, times) =
            match kind.strip_prefix("array[").and_then(|rest| rest.rsplit_once(", ")) {
                Some((kind, times)) => (kind, times.trim_end_matches(']').parse().unwrap_or(0)),
                None => (kind, 1),
            };
        let size = ["int8", "int16", "int32"].iter().position(|int| {
            kind.strip_suffix(']').unwrap_or(kind).rsplit(", ").next() == Some(int)
                || kind.starts_with(&format!("{int}["))
        });
        match (size, kind) {
            (Some(power), _) => times << power,
            (None, "fd_vfio_dmabuf") => 4,
            (None, other) => panic!("{other} has no size"),
        }
    };
    for layout in LAYOUTS.iter().filter(|layout| layout.name != "vfio_device_pci_tph_op") {
        let begin = format!("\n{} {{\n", layout.name);
        let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no {}", layout.name));
        let (fields, _) = rest.split_once('}').unwrap();
        let of_layout = |name: &str| layout.fields.iter().any(|field| field.name == name);
        let fields = fields.lines().filter_map(|line| line.trim().split_once('\t'));
        let head = usize::from(layout.name.starts_with("vfio_device_feature"));
        let size: usize = fields
            .skip(head)
            .filter(|(name, _)| of_layout(name))
            .map(|(_, kind)| bytes(kind))
            .sum();
        assert_eq!(size, layout.size, "{}", layout.name);
    }
    assert_eq!(entry::LAYOUT.size, entry_state::LAYOUT.size);
}
