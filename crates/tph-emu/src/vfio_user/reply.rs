//! What the device is: the answers to questions about it.

use crate::device::Region;
use crate::endpoint::Endpoint;

/// Regions as VFIO numbers them: six BARs, ROM, configuration space, VGA.
const REGIONS: u32 = 9;
/// Interrupts as VFIO numbers them: legacy, MSI, MSI-X, error, request.
const IRQS: u32 = 5;
/// The number of MSI-X among them.
pub(super) const MSIX: u32 = 2;

/// The JSON of our version message.
pub(super) fn version() -> Vec<u8> {
    let capabilities = serde_json::json!({
        "capabilities": {
            "max_msg_fds": super::message::MAX_FDS,
            "max_data_xfer_size": super::message::MAX_DATA,
            "max_dma_maps": crate::dma::IoMap::MAX_MAPPINGS,
            "pgsizes": 4096,
            "migration": { "pgsize": 4096 },
        }
    });
    let mut body = vec![0; 4];
    body.extend(capabilities.to_string().into_bytes());
    body.push(0);
    body
}

/// A PCI device that can be reset.
pub(super) fn device_info() -> Vec<u8> {
    words(&[16, 0x3, REGIONS, IRQS])
}

/// A region that is read and written by messages; `None` if there is no such number.
pub(super) fn region_info(index: u32, endpoint: &Endpoint) -> Option<Vec<u8>> {
    if index >= REGIONS {
        return None;
    }
    let size = match Region::from_index(index) {
        Some(Region::Config) => u64::from(tph::ConfigOffset::SPACE),
        Some(Region::Bar(bar)) => u64::from(endpoint.bar_size(bar)),
        None => 0,
    };
    let flags = if size == 0 { 0 } else { 0x3 };
    let mut body = words(&[32, flags, index, 0]);
    body.extend(size.to_ne_bytes());
    body.extend(0_u64.to_ne_bytes());
    Some(body)
}

/// An interrupt: only MSI-X has any, by eventfd. `None` if there is no such number.
pub(super) fn irq_info(index: u32, endpoint: &Endpoint) -> Option<Vec<u8>> {
    let vectors = u32::from(endpoint.profile().msix_vectors);
    match index {
        MSIX => Some(words(&[16, 0x9, index, vectors])),
        _ => (index < IRQS).then(|| words(&[16, 0, index, 0])),
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}
