//! What the command says of files that are not what they should be, and of places it cannot write to.

mod common;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use common::run;
use insta::assert_snapshot;
use tph_lab_hosts::known;

const PLAN: &str = "version = 1\ndevice = \"nic0\"\nmode = \"device-specific\"\n";
const ENTRY: &str = "[[entry]]\nindex = 0\ncpu = 3\n";

/// A folder with a file of each bad kind.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let garbage: Vec<u8> =
        (0..2048_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    for (name, bytes) in [
        ("empty", &[][..]),
        ("garbage", &garbage),
        ("good", (PLAN.to_owned() + ENTRY).as_bytes()),
        ("newer", (PLAN.replace('1', "2") + "wheels = 4\n").as_bytes()),
        ("not-toml", b"version = 1\ndevice = nic0\n"),
        ("other-device", (PLAN.replace("nic0", "02:00.0") + ENTRY).as_bytes()),
        ("no-cpu", (PLAN.to_owned() + &ENTRY.replace('3', "99")).as_bytes()),
        ("huge", (PLAN.to_owned() + &ENTRY.replace('3', "99999999999")).as_bytes()),
        ("negative", (PLAN.to_owned() + &ENTRY.replace('0', "-1")).as_bytes()),
        ("twice", (PLAN.to_owned() + ENTRY + ENTRY).as_bytes()),
    ] {
        fs::write(at(name), bytes).unwrap();
    }
    fs::create_dir(at("folder")).unwrap();
    symlink("loop", at("loop")).unwrap();
    folder
}

/// What it says to each of these command lines; `@` stands for the folder.
fn said(calls: &[&str]) -> String {
    let folder = files();
    let path = folder.path().to_str().unwrap();
    let one = |call: &&str| {
        let arguments: Vec<_> = call.split(' ').map(|word| word.replace('@', path)).collect();
        let answer = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(answer.out, "", "{call}");
        let code = answer.code.unwrap();
        assert!(code == 2 || answer.err.contains("\n  next: "), "{call}: {}", answer.err);
        format!("$ tph {call}\n{}exit code {code}\n", answer.err.replace(path, "@"))
    };
    let text = calls.iter().map(one).collect::<Vec<_>>().join("\n");
    let left = fs::read_dir(path).unwrap().count();
    assert_eq!(left, 12, "nothing is left behind");
    text
}

#[test]
fn a_dump_that_is_none() {
    assert_snapshot!(said(&[
        "list --dump @/nothing",
        "list --dump @/empty",
        "list --dump @/garbage",
        "list --dump @/folder",
        "list --dump @/loop",
        "show 1:0.0 --dump @/good",
    ]));
}

#[test]
fn a_plan_that_is_none() {
    assert_snapshot!(said(&[
        "verify @/nothing --emulated",
        "verify @/empty --emulated",
        "verify @/garbage --emulated",
        "verify @/folder --emulated",
        "verify @/loop --emulated",
        "apply @/newer --emulated",
        "apply @/not-toml --emulated",
        "apply @/other-device --emulated",
        "apply @/no-cpu --emulated --dry-run",
        "apply @/huge --emulated",
        "apply @/negative --emulated",
        "watch @/twice --emulated",
        "map --plan @/newer --emulated",
        "plan nic0 --emulated --from @/folder",
    ]));
}

#[test]
fn a_host_or_a_profile_that_is_none() {
    assert_snapshot!(said(&[
        "list --sysroot @/nothing",
        "list --sysroot @/empty",
        "explain 1:0.0 --sysroot @/folder",
        "map --sysroot @/loop",
        "list --emulated=@/nothing",
        "list --emulated=@/empty",
        "list --emulated=@/garbage",
        "list --emulated=@/folder",
        "show x --emulated=@/not-toml",
        "emulate @/good --dir @/sockets",
    ]));
}

#[test]
fn a_place_that_cannot_be_written_to() {
    let plan = "plan nic0 --emulated --queue 0=0 -o";
    let tree = known::laptop();
    let capture = format!("capture @/good --sysroot {}", tree.path().display());
    let calls = [
        format!("{plan} @/folder"),
        format!("{plan} @/nothing/plan"),
        format!("{plan} @/good/plan"),
        format!("{plan} @/loop"),
        format!("{plan} /dev/full"),
        "map --emulated --svg @/folder".into(),
        "map --emulated --svg /dev/full".into(),
        "emulate demo --dir @/good".into(),
        capture,
    ];
    let text = said(&calls.each_ref().map(String::as_str));
    assert_snapshot!(text.replace(tree.path().to_str().unwrap(), "ROOT"));
}

#[test]
fn numbers_that_are_out_of_range() {
    assert_snapshot!(said(&[
        "plan nic0 --emulated --queues 0-3 --cpus 16-19",
        "plan nic0 --emulated --queues 0-3 --cpus 99999",
        "plan nic0 --emulated --queues 3-0 --cpus 1",
        "plan nic0 --emulated --queues 0-99999999999 --cpus 0",
        "plan nic0 --emulated --queue 0=1,0=2",
        "plan nic0 --emulated --queue 65536=1",
        "plan nic0 --emulated --queue 0=4294967295",
        "plan nic0 --emulated --queue 0=4294967294",
        "plan nic0 --emulated --pid 4294967295",
        "plan nic0 --emulated --irqs --first-vector 65536",
        "hold nic0 --emulated --mode device-specific --map 64=0",
        "hold nic0 --emulated --mode device-specific --map 0=99",
        "map nic0 --emulated --queue 0=99",
        "dmabuf 99999999999",
        "show 10000:01:00.0 --emulated",
        "show 0000:01:00.8 --emulated",
    ]));
}

/// A copy of the command and the folder that an ordinary user may run and enter.
fn for_everybody(folder: &tempfile::TempDir) -> OsString {
    let open = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let copy = folder.path().join("tph");
    // By another process: what a thread of this one starts meanwhile would have the file open for writing.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_tph")).arg(&copy).status().unwrap();
    assert!(copied.success());
    open(folder.path(), 0o755);
    open(&copy, 0o755);
    copy.into()
}

#[test]
fn files_that_this_user_may_not_read() {
    let folder = files();
    let path = folder.path().to_str().unwrap();
    let copy = for_everybody(&folder);
    for name in ["good", "empty"] {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o0)).unwrap();
    }
    let tree = known::demo();
    fs::set_permissions(tree.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let config = tree.at("/sys/bus/pci/devices/0000:01:00.0/config");
    fs::set_permissions(config, fs::Permissions::from_mode(0o0)).unwrap();
    let root = tree.path().to_str().unwrap();
    let said = [
        &["verify", "@/good", "--emulated"][..],
        &["list", "--dump", "@/empty"],
        &["list", "--emulated=@/empty"],
        &["plan", "nic0", "--emulated", "--queue", "0=0", "-o", "@/tph"],
        &["list", "--sysroot", root],
        &["show", "01:00.0", "--sysroot", root],
        &["plan", "01:00.0", "--queue", "0=0", "--sysroot", root],
    ]
    .map(|call| {
        let mut command = Command::new(&copy);
        command.args(call.iter().map(|word| word.replace('@', path)));
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
            // `cargo xtask coverage` has the program write there, where this user may not.
            command.env("LLVM_PROFILE_FILE", "/dev/null");
        }
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let text = text.replace(path, "@").replace(root, "ROOT");
        format!(
            "$ tph {}\n{text}exit code {}\n",
            call.join(" ").replace(root, "ROOT"),
            output.status.code().unwrap()
        )
    });
    assert_snapshot!(said.join("\n"));
}

#[test]
fn one_function_that_cannot_be_read_hides_no_other() {
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    let config = tree.at("/sys/bus/pci/devices/0000:84:00.0/config");
    fs::remove_file(&config).unwrap();
    symlink("config", &config).unwrap();
    // Of a function that is unplugged after the folder was listed, a link without an end is left.
    symlink("nothing", tree.at("/sys/bus/pci/devices/0000:85:00.0")).unwrap();
    let list = run(&["list", "--sysroot", root]);
    assert_eq!((list.code, list.err.as_str()), (Some(5), ""));
    let show = run(&["show", "84:00.0", "--sysroot", root]);
    assert_eq!((show.code, show.err.as_str()), (Some(5), ""));
    let map = run(&["map", "--sysroot", root]);
    assert_eq!((map.code, map.err.as_str()), (Some(0), ""));
    assert_snapshot!([list.out, show.out, map.out].join("---\n"));
    let gone = run(&["show", "85:00.0", "--sysroot", root]);
    assert!(
        gone.err.starts_with("error: 0000:85:00.0: no such PCI function here\n"),
        "{}",
        gone.err
    );
}
