//! Options of a kernel's configuration.

/// The lines of `wanted` that a finished configuration does not have: `make olddefconfig` drops without
/// a word what it does not know and what depends on something that is off.
pub(super) fn missing(wanted: &str, configuration: &str) -> Vec<String> {
    let is_option = |line: &&str| line.starts_with("CONFIG_") || is_off(line);
    let taken = |wanted: &str| {
        configuration.lines().any(|line| line == wanted)
            || (is_off(wanted) && !configuration.contains(&setting(wanted)))
    };
    wanted.lines().filter(is_option).filter(|line| !taken(line)).map(str::to_owned).collect()
}

fn is_off(line: &str) -> bool {
    line.starts_with("# CONFIG_") && line.ends_with(" is not set")
}

/// `# CONFIG_X is not set` forbids lines with `\nCONFIG_X=`.
fn setting(off: &str) -> String {
    let name = off.trim_start_matches("# ").trim_end_matches(" is not set");
    format!("\n{name}=")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURATION: &str = "#\n# Automatic\n#\nCONFIG_PCI=y\nCONFIG_VFIO=m\n# CONFIG_VT is not set\n\
                                 CONFIG_SLUB_TINY=y\n";

    #[test]
    fn what_was_dropped_is_found() {
        let wanted = "# A comment\nCONFIG_PCI=y\nCONFIG_VFIO=y\nCONFIG_GONE=y\n\n\
                      # CONFIG_SLUB_TINY is not set\n";
        let dropped = ["CONFIG_VFIO=y", "CONFIG_GONE=y", "# CONFIG_SLUB_TINY is not set"];
        assert_eq!(missing(wanted, CONFIGURATION), dropped);
    }

    #[test]
    fn what_cannot_be_on_is_off() {
        let wanted = "# CONFIG_VT is not set\n# CONFIG_INVISIBLE is not set\n";
        assert_eq!(missing(wanted, CONFIGURATION), Vec::<String>::new());
    }
}
