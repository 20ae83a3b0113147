//! Memory of our modules that nothing refers to any more, as a kernel with kmemleak sees it.

use crate::error::{Error, Result};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// kmemleak's file (the kernel's Documentation/dev-tools/kmemleak.rst).
const KMEMLEAK: &str = "/sys/kernel/debug/kmemleak";
/// It does not suspect what is younger than 5 s.
const AGE: Duration = Duration::from_millis(5500);
/// How a line of a backtrace ends that is in a module of ours.
const OURS: [&str; 5] = [
    "[vfio_pci_tph]",
    "[tph_lab_completer]",
    "[tph_lab_exports]",
    "[tph_lab_importer]",
    "[tph_lab_in_tree]",
];

/// Linux 7.3 loses the list of every mapping of a dma-buf of VFIO: the function sets `orig_nents` to 0,
/// and `sg_free_table()` goes by that. An importer is in the backtrace.
const LOST_BY_LINUX: &str = "dma_buf_phys_vec_to_sgt";

/// Prints what our modules leaked to the console, where the host sees it. A kernel without kmemleak has
/// nothing to say.
pub(crate) fn print() -> Result<()> {
    if !Path::new(KMEMLEAK).exists() {
        return Ok(());
    }
    sleep(AGE);
    // The first scan only takes checksums of what looks lost.
    for _ in 0..2 {
        fs::write(KMEMLEAK, "scan").map_err(Error::file("write", KMEMLEAK))?;
    }
    let report = fs::read_to_string(KMEMLEAK).map_err(Error::file("read", KMEMLEAK))?;
    let all = objects(&report);
    let ours = all.iter().filter(|object| is_ours(object));
    ours.for_each(|object| eprintln!("{object}"));
    eprintln!("kmemleak looked twice and has {} suspects", all.len());
    Ok(())
}

/// The report's objects, each with its backtrace.
fn objects(report: &str) -> Vec<String> {
    let mut objects: Vec<String> = Vec::new();
    for line in report.lines() {
        match objects.last_mut() {
            _ if line.starts_with("unreferenced object") => objects.push(line.to_owned()),
            Some(object) => *object = format!("{object}\n{line}"),
            None => {}
        }
    }
    objects
}

fn is_ours(object: &str) -> bool {
    let ours = |line: &str| OURS.iter().any(|module| line.trim_end().ends_with(module));
    object.lines().any(ours) && !object.contains(LOST_BY_LINUX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
unreferenced object 0xffff888004f3d000 (size 2048):
  comm \"init\", pid 1, jiffies 4294938000
  backtrace (crc 0):
    __kmalloc_cache_noprof+0x2b0/0x330
    vfio_pci_tph_probe+0x3e/0x1a0 [vfio_pci_tph]
unreferenced object 0xffff888004f3e000 (size 64):
  comm \"swapper/0\", pid 1, jiffies 4294937000
  backtrace (crc 8d1b5f2e):
    acpi_ns_internalize_name+0x52/0xa0
unreferenced object 0xff110000088d1180 (size 32):
  comm \"tests\", pid 60, jiffies 4294938233
  backtrace (crc 15a6df3b):
    dma_buf_phys_vec_to_sgt+0x323/0x890
    importer_write+0x47/0x90 [tph_lab_importer]
";

    #[test]
    fn only_objects_of_our_modules_are_ours() {
        let objects = objects(REPORT);
        assert_eq!(objects.len(), 3);
        assert!(objects[0].ends_with("[vfio_pci_tph]"));
        assert_eq!(
            objects.iter().map(|object| is_ours(object)).collect::<Vec<_>>(),
            [true, false, false]
        );
    }

    #[test]
    fn an_empty_report_has_no_objects() {
        assert!(objects("").is_empty());
    }
}
