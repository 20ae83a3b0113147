//! Who attached to which dma-buf: `dma_buf/bufinfo` in debugfs.

use std::collections::BTreeMap;

use super::{Processes, fail, text};
use crate::Error;

const BUFINFO: &str = "sys/kernel/debug/dma_buf/bufinfo";

impl Processes {
    /// The devices that are attached to each dma-buf of the host, by its inode, named as their bus
    /// names them.
    ///
    /// # Errors
    /// [`Error::Sysfs`]: debugfs is not mounted, not built in, or not to be seen by this user.
    pub fn attachments(&self) -> Result<BTreeMap<u64, Vec<String>>, Error> {
        let path = self.root.join(BUFINFO);
        let text = text(&path).map_err(|source| fail(&path, source))?;
        Ok(parse(&text))
    }
}

/// A line for each buffer: size, flags, mode, count, exporter, inode, name. Then its fences, a
/// heading, a line for each device, and a line with their number.
fn parse(text: &str) -> BTreeMap<u64, Vec<String>> {
    let (mut found, mut inode, mut listing) = (BTreeMap::new(), None, false);
    for line in text.lines() {
        if let Some(number) = inode_of(line) {
            (inode, listing) = (Some(number), false);
            found.insert(number, Vec::new());
        } else if line.trim() == "Attached Devices:" {
            listing = true;
        } else if !line.starts_with('\t') {
            listing = false;
        } else if let Some(devices) = inode.filter(|_| listing).and_then(|at| found.get_mut(&at)) {
            devices.push(line.trim().to_owned());
        }
    }
    found
}

fn inode_of(line: &str) -> Option<u64> {
    let fields: Vec<_> = line.split('\t').collect();
    let [size, _flags, _mode, _count, _exporter, inode, ..] = fields[..] else { return None };
    size.parse::<u64>().ok()?;
    inode.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_belong_to_the_buffer_above_them() {
        let text = "\nDma-buf Objects:\n\
            size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n\
            00008192\t00080002\t0000001f\t00000003\tvfio_pci_core\t00000081\t<none>\n\
            \twrite fence:drv tl seq 7 signalled\n\
            \tAttached Devices:\n\t0000:01:00.0\n\tmlx5_core.eth.0\nTotal 2 devices attached\n\n\
            00004096\t00080002\t0000001f\t00000002\tudmabuf\t00000082\tmine\n\
            \tAttached Devices:\nTotal 0 devices attached\n\n\
            \nTotal 2 objects, 12288 bytes\n";
        let devices = ["0000:01:00.0", "mlx5_core.eth.0"].map(str::to_owned);
        assert_eq!(parse(text), BTreeMap::from([(81, devices.to_vec()), (82, Vec::new())]));
        assert_eq!(parse("nothing of the kind"), BTreeMap::new());
    }
}
