//! The C header says what `layout` says, and a C compiler reads it the same way.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use tph_abi::layout::{self, LAYOUTS};

fn header_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include/linux/vfio_pci_tph.h")
}

#[test]
fn the_header_in_the_tree_is_the_one_that_the_layout_gives() {
    let mut text = String::new();
    tph_abi::header::write(&mut text).unwrap();
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(header_path(), &text).unwrap();
    }
    let kept = fs::read_to_string(header_path()).unwrap();
    assert_eq!(kept, text, "run UPDATE_HEADER=1 cargo test -p tph-abi");
}

#[test]
fn a_c_compiler_finds_every_field_where_it_is() {
    let mut program = String::from("#include <stddef.h>\n#include \"vfio_pci_tph.h\"\n");
    let mut check = |what: &str, value: usize| {
        writeln!(program, "_Static_assert({what} == {value}, \"{what}\");").unwrap();
    };
    check("VFIO_DEVICE_PCI_TPH", tph_abi::VFIO_DEVICE_PCI_TPH as usize);
    check("VFIO_PCI_TPH_SET_ST", tph_abi::Operation::SetSt.number() as usize);
    check("VFIO_PCI_TPH_CLEAR", tph_abi::CLEAR_CPU as usize);
    check("VFIO_PCI_TPH_DMA_BUF_GET", tph_abi::Operation::DmaBufGet.number() as usize);
    check("VFIO_PCI_TPH_DMA_BUF_TPH_DEFAULT", tph_abi::FeatureNumber::DEFAULT.get().into());
    check("sizeof(struct vfio_device_pci_tph_op)", layout::FIXED_SIZE);
    check("offsetof(struct vfio_device_pci_tph_op, cap)", layout::BODY);
    check("offsetof(struct vfio_device_pci_tph_op, st.ents)", layout::st_size(0));
    check("VFIO_PCI_TPH_GET_ENTRIES", tph_abi::Operation::GetEntries.number() as usize);
    check("offsetof(struct vfio_device_pci_tph_op, entries.ents[2])", layout::st_size(2));
    for structure in LAYOUTS {
        let name = structure.name;
        if structure != layout::op::LAYOUT {
            check(&format!("sizeof(struct {name})"), structure.size);
        }
        for field in structure.fields {
            let (offset, size) = (field.offset, field.size * field.count);
            check(&format!("offsetof(struct {name}, {})", field.name), offset);
            check(&format!("sizeof(((struct {name} *)0)->{})", field.name), size);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("layout.c");
    fs::write(&source, program).unwrap();
    let compiler = env::var("CC").unwrap_or_else(|_| "gcc".into());
    let output = Command::new(compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I"])
        .arg(header_path().parent().unwrap())
        .arg(&source)
        .output()
        .expect("a C compiler is needed (CC, or gcc)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
