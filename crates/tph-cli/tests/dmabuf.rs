//! `tph dmabuf`

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use common::{json, output, run};
use insta::assert_snapshot;

/// A host with a process that exports and one that imports, a root to be given to the command.
fn host(with_debugfs: bool) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let buffer = |inode: u32, size: u32, exporter: &str| {
        format!("pos:\t0\nino:\t{inode}\nsize:\t{size}\ncount:\t3\nexp_name:\t{exporter}\n")
    };
    let device =
        "pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:05.0/0000:02:00.0\n";
    let [memory, other] = [buffer(81, 8192, "vfio_pci_core"), buffer(82, 6144, "udmabuf")];
    process(
        root.path(),
        4242,
        "acceld",
        &[
            (5, "anon_inode:[vfio-device]", device),
            (9, "/dmabuf:", &memory),
            (12, "/dmabuf:", &other),
        ],
    );
    process(root.path(), 4243, "ibd", &[(7, "/dmabuf:", &memory)]);
    process(root.path(), 4244, "sh", &[(0, "/dev/null", "pos:\t0\n")]);
    if with_debugfs {
        let folder = root.path().join("sys/kernel/debug/dma_buf");
        fs::create_dir_all(&folder).unwrap();
        let bufinfo = "\nDma-buf Objects:\nsize\tflags\tmode\tcount\texp_name\tino\tname\n\
            00008192\t00080002\t0000001f\t00000003\tvfio_pci_core\t00000081\t<none>\n\
            \tAttached Devices:\n\t0000:01:00.0\nTotal 1 devices attached\n";
        fs::write(folder.join("bufinfo"), bufinfo).unwrap();
    }
    root
}

fn process(root: &Path, pid: u32, name: &str, files: &[(i32, &str, &str)]) {
    let folder = root.join(format!("proc/{pid}"));
    for part in ["fd", "fdinfo"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    fs::write(folder.join("comm"), format!("{name}\n")).unwrap();
    for (number, link, info) in files {
        symlink(link, folder.join(format!("fd/{number}"))).unwrap();
        fs::write(folder.join(format!("fdinfo/{number}")), info).unwrap();
    }
}

#[test]
fn it_shows_who_holds_which_dma_buf() {
    let root = host(true);
    assert_snapshot!(output(&["dmabuf", "--root", root.path().to_str().unwrap()]));
}

#[test]
fn it_says_what_cannot_be_seen() {
    let root = host(false);
    let root = root.path().to_str().unwrap();
    assert_snapshot!(output(&["dmabuf", "4243", "--root", root]).replace(root, "ROOT"));
}

#[test]
fn its_json_tells_none_from_unknown() {
    for with_debugfs in [true, false] {
        let root = host(with_debugfs);
        let report = json(&["dmabuf", "--json", "--root", root.path().to_str().unwrap()]);
        let buffers = report["processes"][0]["buffers"].as_array().unwrap();
        assert_eq!(report["processes"][0]["vfio_devices"], serde_json::json!(["0000:02:00.0"]));
        assert_eq!((&buffers[0]["inode"], &buffers[0]["from_vfio"]), (&81.into(), &true.into()));
        assert_eq!(
            (&buffers[0]["tags"], &buffers[1]["tags"]),
            (&serde_json::Value::Null, &serde_json::json!([]))
        );
        let attached = [&buffers[0]["attached"], &buffers[1]["attached"]];
        if with_debugfs {
            assert_eq!(attached, [&serde_json::json!(["0000:01:00.0"]), &serde_json::json!([])]);
        } else {
            assert_eq!(attached, [&serde_json::Value::Null; 2]);
            assert!(report["attached_unreadable"].is_string());
        }
    }
}

#[test]
fn names_cannot_control_the_terminal() {
    let root = tempfile::tempdir().unwrap();
    let info = "ino:\t81\nexp_name:\tud\u{1b}[2Jma\u{9b}buf\n";
    process(root.path(), 7, "a\u{1b}[31m\rb\nc", &[(3, "/dmabuf:", info)]);
    let said = output(&["dmabuf", "--root", root.path().to_str().unwrap()]);
    assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    assert!(said.contains("Process 7 (a\u{fffd}[31m\u{fffd}b\u{fffd}c)"), "{said}");
    assert!(said.contains("ud\u{fffd}[2Jma\u{fffd}buf"), "{said}");
}

#[test]
fn a_process_that_is_not_there_is_an_error() {
    let root = host(true);
    let answer = run(&["dmabuf", "99", "--root", root.path().to_str().unwrap()]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("proc/99: No such file or directory"), "{}", answer.err);
}

#[test]
fn on_this_machine_it_does_not_fail() {
    assert_eq!(run(&["dmabuf"]).code, Some(0));
}
