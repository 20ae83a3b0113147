//! The binary interface is what programs were linked against: what `abi/` has recorded stays.
//!
//! There is a record for each soname. A line that is new is recorded with `UPDATE_ABI=1`; a line that
//! is gone means another soname: `library.version` in Cargo.toml, and with it another record. There was no
//! release yet: the record in the tree is what is compared with.
//!
//! Declarations and layouts come from the header, which `header.rs` compares with the Rust code. libabigail
//! would take them from debug information; but of a library in Rust `abidw` 2.6 describes symbols
//! alone, no function with its types, so that `abidiff` does not see a parameter change.

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

/// The header's text.
fn header() -> String {
    fs::read_to_string(package().join("include/vfiotph.h")).unwrap()
}

impl Header {
    fn of(text: &str) -> Self {
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

    /// The fields of all structures, in order.
    fn fields(&self) -> Vec<Field> {
        let mut structure = String::new();
        let mut fields = Vec::new();
        for line in &self.statements {
            let mut rest = line.as_str();
            if let Some((head, first)) = line.split_once('{') {
                head.trim().clone_into(&mut structure);
                rest = first.trim();
            }
            let declaration = rest.trim_end_matches(';');
            // What ends a structure, declares a function, or names a structure that stays opaque.
            let other = rest.ends_with(");") || rest.starts_with('}') || declaration.is_empty();
            let (kind, name) = declaration.rsplit_once([' ', '*']).unwrap_or_default();
            if !other && kind != "struct" {
                let kind = declaration.strip_suffix(name).unwrap_or_default().trim().to_owned();
                fields.push(Field { structure: structure.clone(), kind, name: name.to_owned() });
            }
        }
        fields
    }
}

/// A field of a structure.
struct Field {
    structure: String,
    kind: String,
    name: String,
}

/// Where a C compiler puts the fields. A structure without `size` has a size that stays.
fn layout(text: &str, fields: &[Field]) -> String {
    let sized = fields.iter().filter(|field| field.name == "size");
    let grows: BTreeSet<_> = sized.map(|field| &field.structure).collect();
    let mut program = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include \"vfiotph.h\"\nint main(void) {\n",
    );
    for Field { structure, kind, name } in fields {
        writeln!(
            program,
            "printf(\"field {structure}.{name} is {kind} at %zu of %zu bytes\\n\", \
             offsetof({structure}, {name}), sizeof((({structure} *)0)->{name}));"
        )
        .unwrap();
    }
    for name in fields.iter().map(|field| &field.structure).collect::<BTreeSet<_>>() {
        if !grows.contains(name) {
            writeln!(program, "printf(\"size {name} %zu\\n\", sizeof({name}));").unwrap();
        }
    }
    program += "return 0; }\n";
    let work = tempfile::tempdir().unwrap();
    let (source, binary) = (work.path().join("layout.c"), work.path().join("layout"));
    fs::write(work.path().join("vfiotph.h"), text).unwrap();
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
    let declared: BTreeSet<_> = Header::of(&header()).functions().map(name).collect();
    assert!(declared.len() > 10, "{declared:?}");
    assert_eq!(symbols(), declared);
}

/// What programs rely on, a line each.
fn interface(text: &str) -> String {
    let header = Header::of(text);
    let layout = layout(text, &header.fields());
    let numbers = header.numbers.iter().cloned();
    let functions = header.functions().map(|line| format!("function {line}"));
    let lines = numbers.chain(layout.lines().map(Into::into)).chain(functions);
    lines.map(|line| line + "\n").collect()
}

/// What was recorded and is not there any more.
fn gone<'a>(recorded: &'a str, now: &str) -> Vec<&'a str> {
    let now: BTreeSet<_> = now.lines().collect();
    recorded.lines().filter(|line| !now.contains(line)).collect()
}

#[test]
fn what_programs_were_linked_against_is_still_there() {
    let now = interface(&header());
    let path = record();
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let gone = gone(&recorded, &now);
    assert!(gone.is_empty(), "broken with {}, see above in this file: {gone:#?}", path.display());
    if env::var_os("UPDATE_ABI").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(recorded, now, "record what is new: UPDATE_ABI=1 cargo test -p vfio-tph-capi");
}

#[test]
fn every_change_that_breaks_a_program_is_noticed() {
    let (text, recorded) = (header(), fs::read_to_string(record()).unwrap());
    for (what, from, to) in [
        ("a parameter's type", "uint32_t mode);", "uint64_t mode);"),
        (
            "a parameter's constness",
            "const struct vfiotph_entry *entries,",
            "struct vfiotph_entry *entries,",
        ),
        (
            "a parameter more",
            "int vfiotph_disable(struct vfiotph_device *device)",
            "int vfiotph_disable(struct vfiotph_device *device, int how)",
        ),
        (
            "a function pointer's parameter",
            "uint16_t place, uint16_t tag)",
            "uint32_t place, uint16_t tag)",
        ),
        ("what a function returns", "uint32_t vfiotph_version", "uint64_t vfiotph_version"),
        ("a function's name", "int vfiotph_fd(", "int vfiotph_descriptor("),
        ("a field's width", "uint32_t table_entries;", "uint64_t table_entries;"),
        ("a field's sign", "uint32_t table_entries;", "int32_t table_entries;"),
        ("what a field leads to", "const char *host;", "const void *host;"),
        ("a field's name", "uint32_t tag_bits;", "uint32_t width;"),
        ("a field in front", "uint32_t modes;", "uint32_t extra; uint32_t modes;"),
        (
            "growth of a structure that has no size",
            "uint64_t length;",
            "uint64_t length; uint64_t extra;",
        ),
        (
            "a number",
            "#define VFIOTPH_MODE_DEVICE_SPECIFIC 2",
            "#define VFIOTPH_MODE_DEVICE_SPECIFIC 4",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert!(changed != text, "{what}: {from:?} is not in the header");
        assert_ne!(gone(&recorded, &interface(&changed)), Vec::<&str>::new(), "{what}");
    }
    let grown = text.replacen("uint32_t tag_bits;", "uint32_t tag_bits; uint32_t extra;", 1);
    assert_eq!(
        gone(&recorded, &interface(&grown)),
        Vec::<&str>::new(),
        "a structure with a size grew"
    );
}
