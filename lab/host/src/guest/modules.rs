//! The kernel modules that the guest needs, in the order in which they have to be loaded.

use crate::command::output;
use crate::kernel::Kernel;
use crate::{Cache, Error, Result, Sysroot};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules that VFIO with a type1 IOMMU takes; their dependencies come by themselves.
const WANTED: [&str; 3] = ["vfio_iommu_type1", "vfio-pci-core", "vfio-pci"];

/// The files of VFIO's modules, unpacked into the cache; those built into the kernel are left out.
pub(crate) fn needed(cache: &Cache, sysroot: &Sysroot, kernel: &Kernel) -> Result<Vec<PathBuf>> {
    let read = |name: &str| {
        let path = kernel.modules().join(name);
        fs::read_to_string(&path).map_err(Error::file("read", path))
    };
    let dependencies = read("modules.dep")?;
    let builtin = read("modules.builtin")?;
    let unpacked = cache.folder(Path::new("modules").join(kernel.version().as_str()))?;
    load_order(&dependencies, &builtin, &WANTED)
        .map_err(|_| Error::IncompleteKernel {
            folder: kernel.modules().to_path_buf(),
            part: "VFIO modules",
        })?
        .iter()
        .map(|file| unpack(&kernel.modules().join(file), &unpacked, sysroot))
        .collect()
}

/// The file itself, or, if it is compressed, its unpacked copy.
fn unpack(module: &Path, folder: &Path, sysroot: &Sysroot) -> Result<PathBuf> {
    if module.extension().is_none_or(|extension| extension == "ko") {
        return Ok(module.to_path_buf());
    }
    let target = folder.join(module.file_stem().unwrap_or_default());
    if !target.exists() {
        let new = target.with_extension("new");
        let file = File::create(&new).map_err(Error::file("make", &new))?;
        let mut xz: Command = sysroot.native("usr/bin/xz");
        let mut child = xz
            .args(["--decompress", "--stdout"])
            .arg(module)
            .stdout(file)
            .spawn()
            .map_err(|source| Error::Start { program: "xz".to_owned(), source })?;
        let status = child.wait().map_err(Error::file("unpack", module))?;
        if !status.success() {
            let output = module.display().to_string();
            let program = "xz".to_owned();
            return Err(Error::Command { step: "unpack a module", program, status, output });
        }
        fs::rename(&new, &target).map_err(Error::file("replace", &target))?;
    }
    Ok(target)
}

/// Runs `depmod` for a kernel that was unpacked and not installed.
pub(crate) fn list_dependencies(sysroot: &Sysroot, version: &str) -> Result<()> {
    let mut depmod = sysroot.command("depmod", &[]);
    output(depmod.arg(version), "list the dependencies of kernel modules").map(drop)
}

/// A module that is neither in `modules.dep` nor in `modules.builtin`.
#[derive(Debug, PartialEq, Eq)]
struct Missing(String);

/// The wanted modules' files with those they depend on, each after all it depends on.
fn load_order(dependencies: &str, builtin: &str, wanted: &[&str]) -> Result<Vec<String>, Missing> {
    let mut order: Vec<String> = Vec::new();
    for name in wanted {
        let line = dependencies.lines().find_map(|line| {
            let (file, rest) = line.split_once(':')?;
            (module_name(file) == normal(name)).then_some((file, rest))
        });
        let Some((file, rest)) = line else {
            if builtin.lines().any(|file| module_name(file) == normal(name)) {
                continue;
            }
            return Err(Missing((*name).to_owned()));
        };
        // modules.dep lists all that a module needs, the first to be loaded last.
        for file in rest.split_whitespace().rev().chain([file]) {
            if !order.iter().any(|known| known == file) {
                order.push(file.to_owned());
            }
        }
    }
    Ok(order)
}

/// `kernel/drivers/vfio/vfio-pci.ko.xz` is `vfio_pci`.
fn module_name(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    normal(name.split('.').next().unwrap_or(name))
}

fn normal(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: &str = "\
kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/drivers/vfio/pci/vfio-pci-core.ko.xz \
kernel/drivers/vfio/vfio.ko.xz kernel/virt/lib/irqbypass.ko.xz
kernel/drivers/vfio/vfio_iommu_type1.ko.xz: kernel/drivers/vfio/vfio.ko.xz
kernel/drivers/vfio/pci/vfio-pci-core.ko.xz: kernel/drivers/vfio/vfio.ko.xz \
kernel/virt/lib/irqbypass.ko.xz
kernel/drivers/vfio/vfio.ko.xz:
kernel/virt/lib/irqbypass.ko.xz:";

    #[test]
    fn each_module_comes_once_and_after_what_it_needs() {
        let order = load_order(DEPENDENCIES, "", &WANTED).unwrap();
        let names: Vec<_> = order.iter().map(|file| module_name(file)).collect();
        assert_eq!(names, ["vfio", "vfio_iommu_type1", "irqbypass", "vfio_pci_core", "vfio_pci"]);
    }

    #[test]
    fn a_builtin_module_needs_no_file_and_a_missing_one_is_an_error() {
        let builtin = "kernel/drivers/vfio/vfio-pci.ko\nkernel/drivers/vfio/vfio_iommu_type1.ko";
        assert_eq!(load_order("", builtin, &["vfio-pci"]), Ok(vec![]));
        assert_eq!(load_order("", builtin, &["vfio"]), Err(Missing("vfio".into())));
    }
}
