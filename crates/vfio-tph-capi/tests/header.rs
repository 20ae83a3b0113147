//! The C header in the tree is what the code gives.

use std::path::Path;
use std::{env, fs};

#[test]
fn the_header_in_the_tree_is_the_one_that_the_code_gives() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(crate_folder.join("cbindgen.toml")).unwrap();
    let sources = [
        "numbers",
        "device",
        "tag_table",
        "plan",
        "types",
        "boundary/answer",
        "boundary/open",
        "boundary/steer",
        "boundary/peer",
        "boundary/tag_table",
        "boundary/plan",
    ];
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in sources {
        builder = builder.with_src(crate_folder.join(format!("src/{source}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let text = String::from_utf8(text).unwrap();
    let path = crate_folder.join("include/vfiotph.h");
    if env::var_os("UPDATE_HEADER").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert_eq!(kept, text, "run UPDATE_HEADER=1 cargo test -p vfio-tph-capi");
}
