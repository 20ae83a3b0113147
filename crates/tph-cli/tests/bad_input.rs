//! What the command says to things that cannot be.

mod common;

use common::{fixture, run};

/// What it says about `arguments` on standard error, and the code it exits with.
fn refused(arguments: &[&str]) -> (i32, String) {
    let answer = run(arguments);
    assert_eq!(answer.out, "", "{arguments:?}");
    (answer.code.unwrap(), answer.err)
}

#[test]
fn a_dump_that_is_not_there() {
    let (code, said) = refused(&["list", "--dump", "/nonexistent/dump"]);
    assert_eq!(said, "error: /nonexistent/dump: No such file or directory (os error 2)\n");
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
        "error: 0000:02:00.0: no such PCI function here\n  next: See what there is: tph list.\n"
    );
    assert_eq!(code, 1);
    let (code, said) = refused(&["show", "nic7", "--emulated"]);
    assert_eq!(
        said,
        "error: the emulated host has no function \"nic7\"\n  next: See what there is: tph list \
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
    for device in ["01:20.0", "nic0", "", "01:00"] {
        for arguments in
            [&["show", device][..], &["hold", device, "--mode", "device-specific", "--map", "0=0"]]
        {
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
fn a_map_that_is_none() {
    for (map, message) in [
        ("5", "invalid value '5' for '--map <QUEUE=CPU>...': write it as QUEUE=CPU, such as 0=3"),
        (
            "a=1",
            "invalid value 'a=1' for '--map <QUEUE=CPU>...': \"a\" is no queue: a number from 0",
        ),
        ("1=b", "invalid value '1=b' for '--map <QUEUE=CPU>...': \"b\" is no CPU: a number from 0"),
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
        "error: /nonexistent/sys/bus/pci/devices: No such file or directory (os error 2)\n"
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
