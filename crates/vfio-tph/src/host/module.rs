//! What the module says of itself in sysfs.

use tph_abi::FeatureNumber;

use super::Host;

/// The module's parameter with the number of the feature `DMA_BUF_TPH`.
const DMA_BUF_FEATURE: &str = "module/vfio_pci_tph/parameters/dma_buf_tph_feature";

impl Host {
    /// The number by which the module on this host serves tags of dma-bufs; `None` if it is not
    /// loaded, or does not. Linux has not settled the number, so it is never assumed.
    pub fn dma_buf_feature(&self) -> Option<FeatureNumber> {
        let text = std::fs::read_to_string(self.root().join(DMA_BUF_FEATURE)).ok()?;
        FeatureNumber::new(text.trim().parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_one_that_the_module_says() {
        let root = tempfile::tempdir().unwrap();
        let host = Host::at(root.path());
        assert_eq!(host.dma_buf_feature(), None);
        let file = root.path().join(DMA_BUF_FEATURE);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        for (text, number) in [
            ("13\n", FeatureNumber::new(13)),
            ("700\n", FeatureNumber::new(700)),
            ("0\n", None),
            ("65536\n", None),
            ("what\n", None),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(host.dma_buf_feature(), number, "{text:?}");
        }
    }
}
