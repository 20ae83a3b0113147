//! What the command says to things that cannot be.

mod common;

use common::{fixture, run};
use tph_lab_hosts::known;

/// What it says about `arguments` on standard error, and the code it exits with.
fn refused(arguments: &[&str]) -> (i32, String) {
    let answer = run(arguments);
    assert_eq!(answer.out, "", "{arguments:?}");
    (answer.code.unwrap(), answer.err)
}

#[test]
fn a_dump_that_is_not_there() {
    let (code, said) = refused(&["list", "--dump", "/nonexistent/dump"]);
    assert_eq!(
        said,
        "error: /nonexistent/dump: No such file or directory (os error 2)\n  next: Take the dump anew, as \
         root: lspci -xxxx -D > FILE.\n"
    );
    assert_eq!(code, 1);
}

#[test]
fn a_dump_that_ends_in_the_middle_of_a_row() {
    let path = fixture("i210-cut-off.lspci");
    let (code, said) = refused(&["list", "--dump", &path]);
    assert_eq!(
        said,
        format!(
            "error: {path}: line 291: a row of 16 bytes was expected, but this has 5: is the file \
             cut off?\n  next: Take the dump anew, as root: lspci -xxxx -D > FILE.\n"
        )
    );
    assert_eq!(code, 1);
}

#[test]
fn a_file_that_is_no_dump() {
    let path = fixture("README.md");
    let (code, said) = refused(&["show", "1:0.0", "--dump", &path]);
    assert!(said.starts_with(&format!("error: {path}: line 3: neither a function nor a row")));
    assert_eq!(code, 1);
}

#[test]
fn a_device_that_is_not_there() {
    let dump = fixture("i210.lspci");
    let (code, said) = refused(&["show", "02:00.0", "--dump", &dump]);
    assert_eq!(
        said,
        "error: 0000:02:00.0: no such PCI function here\n  next: Did you mean 0000:01:00.0? See what there is: \
         tph list.\n"
    );
    assert_eq!(code, 1);
    let (code, said) = refused(&["show", "nic7", "--emulated"]);
    assert_eq!(
        said,
        "error: the emulated host has no function \"nic7\"\n  next: Did you mean nic0? See what there is: tph list \
         --emulated.\n"
    );
    assert_eq!(code, 1);
    let (code, said) =
        refused(&["hold", "ffff:ff:1f.7", "--mode", "device-specific", "--map", "0=0"]);
    assert!(said.starts_with("error: ffff:ff:1f.7: no such PCI function here\n"), "{said}");
    assert_eq!(code, 1);
}

#[test]
fn what_is_no_address() {
    let tree = known::demo();
    let root = tree.path().to_str().unwrap();
    for device in ["01:20.0", "", "01:00"] {
        for arguments in [
            &["show", device][..],
            &["show", device, "--sysroot", root],
            &["hold", device, "--mode", "device-specific", "--map", "0=0"],
        ] {
            let (code, said) = refused(arguments);
            assert_eq!(
                said,
                format!(
                    "error: {device:?} is not a PCI address: write it as 0000:01:00.0 or 01:00.0\n  \
                     next: See what there is: tph list.\n"
                )
            );
            assert_eq!(code, 2);
        }
    }
}

#[test]
fn a_name_that_nothing_has_is_compared_with_those_that_are_there() {
    let tree = known::demo();
    let nic = "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/net/enp1s0";
    tree.link("/sys/class/net/enp1s0", nic);
    let root = tree.path().to_str().unwrap();
    let name = |name: &str| {
        format!("no network interface or NVMe controller of a PCI function is called {name:?}")
    };
    let list = "See what there is: tph list.\n";
    let vfio = format!(
        "Use the PCI address: a device that is bound to a VFIO driver has no other name. {list}"
    );
    for (device, said) in [
        ("enp1so", format!("error: {}\n  next: Did you mean enp1s0? {vfio}", name("enp1so"))),
        ("wlan7", format!("error: {}\n  next: {vfio}", name("wlan7"))),
        (
            "01:00.1",
            format!(
                "error: 0000:01:00.1: no such PCI function here\n  next: Did you mean \
                 0000:01:00.0? {list}"
            ),
        ),
    ] {
        assert_eq!(refused(&["show", device, "--sysroot", root]), (1, said), "{device}");
    }
    let by_name = run(&["show", "enp1s0", "--sysroot", root]);
    assert_eq!(by_name.out, run(&["show", "01:00.0", "--sysroot", root]).out);
    assert_eq!(by_name.code, Some(0));
}

#[test]
fn an_error_in_json_says_the_same() {
    let dump = fixture("i210.lspci");
    let (code, said) = refused(&["show", "77:00.0", "--dump", &dump, "-j"]);
    assert_eq!(code, 1);
    assert_eq!(
        said,
        "{\"schema\":1,\"error\":{\"kind\":\"error\",\"exit_code\":1,\"message\":\"0000:77:00.0: no such \
         PCI function here\",\"device\":\"0000:77:00.0\",\"step\":null,\"errno\":null,\"next\":\"See what \
         there is: tph list.\"}}\n"
    );
    let tree = tph_lab_hosts::known::malformed();
    let root = tree.path().to_str().unwrap();
    for (device, arguments) in [
        ("0000:01:00.0", ["plan", "01:00.0", "--queue", "0=0", "--sysroot", root]),
        ("0000:01:00.0", ["map", "nic0", "--emulated", "--queue", "0=99", "--all"]),
        ("nic7", ["plan", "nic7", "--emulated", "--queue", "0=0", "--tied"]),
    ] {
        let (_, said) = refused(&[&arguments[..], &["-j"]].concat());
        let error: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(error["error"]["device"], device, "{said}");
    }
    let hold = ["hold", "nic0", "--emulated", "-p", "--mode", "device-specific", "--map", "0=16"];
    let (code, said) = refused(&hold);
    assert!(said.starts_with("{\n  \"schema\": 1,\n"), "{said}");
    let error: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &error["error"]["step"]), (1, &"programming 1 ST entry".into()));
    assert_eq!(error["error"]["errno"], 22);
    let (code, said) = refused(&["-j", "liszt"]);
    let error: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &error["error"]["kind"]), (2, &"usage".into()));
    assert_eq!(error["error"]["message"], "unrecognized subcommand 'liszt'");
    let next = error["error"]["next"].as_str().unwrap();
    assert!(next.contains("a similar subcommand exists: 'list'"), "{next}");
    assert!(!said.contains('\u{1b}'), "colours are for terminals");
}

#[test]
fn what_could_be_read_in_part_is_told_by_the_exit_code() {
    let dump = fixture("i210-short.lspci");
    let list = run(&["list", "--dump", &dump, "-j"]);
    assert_eq!((list.code, list.err.as_str()), (Some(5), ""));
    assert_eq!(run(&["show", "01:00.0", "--dump", &dump]).code, Some(5));
    assert_eq!(run(&["list", "--dump", &fixture("i210.lspci")]).code, Some(0));
}

#[test]
fn the_help_and_the_documentation_have_the_same_exit_codes() {
    let help = run(&["--help"]).out;
    let documentation = include_str!("../../../docs/command.md");
    let codes = help.split_once("Exit codes:\n").unwrap().1;
    let mut numbers = Vec::new();
    for line in codes.lines() {
        let (number, meaning) = line.trim().split_once("  ").unwrap();
        assert!(documentation.contains(&format!("| {number} | {meaning}")), "{line}");
        numbers.push(number);
    }
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5"]);
}

#[test]
fn a_map_that_is_none() {
    for (map, message) in [
        ("5", "invalid value '5' for '--map <QUEUE=CPU>...': write it as QUEUE=CPU, such as 0=3"),
        (
            "a=1",
            "invalid value 'a=1' for '--map <QUEUE=CPU>...': \"a\" is no queue: a number from 0 to 65535",
        ),
        (
            "1=b",
            "invalid value '1=b' for '--map <QUEUE=CPU>...': \"b\" is no CPU: a number such as 3",
        ),
    ] {
        let (code, said) = refused(&["hold", "1:0.0", "--mode", "device-specific", "--map", map]);
        assert!(said.contains(message), "{said}");
        assert_eq!(code, 2);
    }
}

#[test]
fn a_verb_a_mode_or_a_pair_of_sources_that_does_not_exist() {
    for arguments in [
        &["liszt"][..],
        &["hold", "1:0.0", "--mode", "no-st", "--map", "0=0"],
        &["list", "--emulated", "--dump", "x"],
        &["show"],
        &[],
    ] {
        let answer = run(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?}: {}", answer.err);
    }
}

#[test]
fn a_profile_that_is_not_there_or_wrong() {
    let (code, said) = refused(&["list", "--emulated=/nonexistent.toml"]);
    assert!(said.contains("/nonexistent.toml"), "{said}");
    assert_eq!(code, 1);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "name = \"x\"\ncpus = 7\n").unwrap();
    let path = file.path().to_str().unwrap();
    let (code, said) = refused(&["list", &format!("--emulated={path}")]);
    assert!(said.contains(path) && said.contains("line 2"), "{said}");
    assert_eq!(code, 1);
}

#[test]
fn a_saved_host_without_pci() {
    let (code, said) = refused(&["list", "--sysroot", "/nonexistent"]);
    assert_eq!(
        said,
        "error: /nonexistent/sys/bus/pci/devices: No such file or directory (os error 2)\n  next: Sysfs is \
         mounted at /sys; a saved host has it in DIR/sys, as tph capture DIR makes it.\n"
    );
    assert_eq!(code, 1);
}

#[test]
fn colour_goes_to_terminals_and_to_those_who_insist() {
    let coloured = |name: &str, value: &str| {
        let mut command = common::tph(&["list", "--emulated"]);
        let out = command.env(name, value).output().unwrap().stdout;
        out.contains(&0x1b)
    };
    assert!(!coloured("UNRELATED", "1"));
    assert!(coloured("CLICOLOR_FORCE", "1"));
    assert!(!coloured("NO_COLOR", "1"));
}

#[test]
fn a_terminal_gets_colour_unless_it_says_no_color() {
    let on_a_terminal = |name: &str, value: &str| {
        let command = concat!(env!("CARGO_BIN_EXE_tph"), " list --emulated");
        let mut script = std::process::Command::new("script");
        script.args(["--quiet", "--return", "--command", command, "/dev/null"]);
        script.env_remove("CI").env("TERM", "xterm").env(name, value);
        let said = script.output().unwrap();
        assert!(said.status.success(), "{said:?}");
        String::from_utf8(said.stdout).unwrap()
    };
    assert!(on_a_terminal("UNRELATED", "1").contains('\u{1b}'));
    assert!(!on_a_terminal("NO_COLOR", "1").contains('\u{1b}'));
    assert!(!on_a_terminal("TERM", "dumb").contains('\u{1b}'));
}
