//! The binary interface is what programs were linked against: what `abi/` has recorded stays.
//!
//! There is a record for each soname. A line that is new is recorded with `UPDATE_ABI=1`; a line that
//! is gone means another soname: `library.version` in Cargo.toml, and with it another record. (The
//! tools that compare debug information, as abidiff does, would compare what is behind the opaque
//! handle too, which is Rust's own business.)

mod common;

use common::{built, compiler, done, package};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// The header without comments and directives, a statement a line; and its numbers.
struct Header {
    statements: Vec<String>,
    numbers: Vec<String>,
}

impl Header {
    fn read() -> Self {
        let path = package().join("include/vfiotph.h");
        let text = fs::read_to_string(path).unwrap();
        let mut code = String::new();
        for (position, part) in text.split("/*").enumerate() {
            code += if position == 0 { part } else { part.split_once("*/").unwrap().1 };
        }
        let directive = |line: &&str| line.trim_start().starts_with('#');
        let numbers = code.lines().filter_map(|line| line.strip_prefix("#define VFIOTPH_"));
        let numbers = numbers.filter(|line| line.contains(' ') && !line.starts_with("VERSION_"));
        let numbers = numbers.map(|line| format!("number VFIOTPH_{line}")).collect();
        let code: Vec<_> = code.lines().filter(|line| !directive(line)).collect();
        let words: Vec<_> = code.iter().flat_map(|line| line.split_whitespace()).collect();
        let statements = words.join(" ").replace("extern \"C\" {", "");
        let statements = statements.split_inclusive(';').map(|line| line.trim().to_owned());
        Self { statements: statements.collect(), numbers }
    }

    fn functions(&self) -> impl Iterator<Item = &str> {
        let functions = self
            .statements
            .iter()
            .filter(|line| line.contains(" *vfiotph_") || line.contains(" vfiotph_"));
        functions.map(String::as_str).filter(|line| line.ends_with(");"))
    }

    /// Structures and fields, in order.
    fn fields(&self) -> Vec<(String, String)> {
        let mut current = String::new();
        let mut fields = Vec::new();
        for line in &self.statements {
            if let Some((head, _)) = line.split_once('{') {
                head.trim().clone_into(&mut current);
            }
            let words: Vec<_> = line.trim_end_matches(';').split_whitespace().collect();
            if let [.., kind, name] = words[..]
                && kind.ends_with("_t")
                && !line.ends_with(");")
            {
                fields.push((current.clone(), name.to_owned()));
            }
        }
        fields
    }
}

/// Where a C compiler puts the fields. A structure without `size` has a size that stays.
fn layout(header: &Header) -> String {
    let fields = header.fields();
    let grows: BTreeSet<_> =
        fields.iter().filter(|(_, field)| field == "size").map(|(name, _)| name).collect();
    let mut program = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <vfiotph.h>\nint main(void) {\n",
    );
    for (name, field) in &fields {
        writeln!(
            program,
            "printf(\"field {name}.{field} at %zu of %zu bytes\\n\", offsetof({name}, {field}), \
             sizeof((({name} *)0)->{field}));"
        )
        .unwrap();
    }
    for name in fields.iter().map(|(name, _)| name).collect::<BTreeSet<_>>() {
        if !grows.contains(name) {
            writeln!(program, "printf(\"size {name} %zu\\n\", sizeof({name}));").unwrap();
        }
    }
    program += "return 0; }\n";
    let work = tempfile::tempdir().unwrap();
    let (source, binary) = (work.path().join("layout.c"), work.path().join("layout"));
    fs::write(&source, program).unwrap();
    done(compiler().arg(source).arg("-o").arg(&binary));
    done(&mut Command::new(binary))
}

/// The functions that the shared library offers.
fn symbols() -> BTreeSet<String> {
    let library = built().join("libvfiotph.so");
    let listed = done(Command::new("nm").args(["-D", "--defined-only"]).arg(library));
    listed.lines().filter_map(|line| line.split(' ').next_back()).map(str::to_owned).collect()
}

/// The record of the soname that Cargo.toml names.
fn record() -> PathBuf {
    let manifest = fs::read_to_string(package().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let version = &manifest["package"]["metadata"]["capi"]["library"]["version"];
    let soname = version.as_str().unwrap().split('.').next().unwrap();
    package().join(format!("abi/libvfiotph.so.{soname}.txt"))
}

#[test]
fn the_library_offers_the_functions_of_the_header_and_no_others() {
    let name = |function: &str| {
        let before = function.split('(').next().unwrap();
        before.rsplit([' ', '*']).next().unwrap().to_owned()
    };
    let declared: BTreeSet<_> = Header::read().functions().map(name).collect();
    assert!(declared.len() > 10, "{declared:?}");
    assert_eq!(symbols(), declared);
}

#[test]
fn what_programs_were_linked_against_is_still_there() {
    let header = Header::read();
    let mut now = String::new();
    let functions = header.functions().map(|line| format!("function {line}"));
    let layout = layout(&header);
    for line in
        header.numbers.iter().cloned().chain(layout.lines().map(Into::into)).chain(functions)
    {
        writeln!(now, "{line}").unwrap();
    }
    let path = record();
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let gone: Vec<_> =
        recorded.lines().filter(|line| !now.lines().any(|new| new == *line)).collect();
    assert!(gone.is_empty(), "broken with {}, see above in this file: {gone:#?}", path.display());
    if env::var_os("UPDATE_ABI").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(recorded, now, "record what is new: UPDATE_ABI=1 cargo test -p vfio-tph-capi");
}
