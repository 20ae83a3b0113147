//! Which mirror to download from: the one this machine's apt already uses.

use crate::command::output;
use crate::{Error, Result};
use std::env;
use std::process::Command;

/// The environment variable that names a mirror by hand.
const OVERRIDE: &str = "VFIO_TPH_MIRROR";

/// The URL of a Debian archive, with a `/` at its end.
pub(super) fn find() -> Result<String> {
    if let Ok(url) = env::var(OVERRIDE)
        && !url.is_empty()
    {
        return Ok(format!("{}/", url.trim_end_matches('/')));
    }
    // `apt-get indextargets` would do, but says nothing before the machine's first `apt-get
    // update`; the URLs that an update would ask for are always known.
    let uris = output(
        Command::new("apt-get").args(["--print-uris", "update"]),
        "ask apt for its mirrors",
    )?;
    pick(&uris).ok_or(Error::NoMirror)
}

/// The first archive whose path ends in `/debian/`, from lines such as
/// `'http://mirror/debian/dists/bookworm/InRelease' name 0`.
fn pick(uris: &str) -> Option<String> {
    uris.lines()
        .filter_map(|line| line.trim_start_matches('\'').split_once("/dists/"))
        .map(|(base, _)| format!("{base}/"))
        .find(|base| base.ends_with("/debian/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_found_among_other_sources() {
        let uris = "\
'http://vendor.example/node_20.x/dists/nodistro/InRelease' vendor_InRelease 0 
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' sec_InRelease 0 
'http://mirror.example/debian/dists/bookworm/InRelease' main_InRelease 0 ";
        assert_eq!(pick(uris).as_deref(), Some("http://mirror.example/debian/"));
        assert_eq!(pick("'http://mirror.example/ubuntu/dists/noble/InRelease' x 0"), None);
    }
}
