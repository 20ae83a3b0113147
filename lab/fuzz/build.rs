//! Makes known the `cfg` with which `cargo xtask fuzz` builds.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
    println!("cargo::rerun-if-changed=build.rs");
}
