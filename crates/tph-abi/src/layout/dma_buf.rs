//! Tags of dma-bufs: the feature that sets them, in both its forms, and the operation that asks.

use super::{Field, Layout};

/// What every `VFIO_DEVICE_FEATURE` starts with; `struct vfio_device_feature` of Linux.
pub mod feature {
    use super::Field;

    /// Bytes that the caller has for the request, with what follows.
    pub const ARGSZ: Field = Field::new("argsz", 0, 4, 1, "bytes of this request");
    /// The number of the feature and what to do with it.
    pub const FLAGS: Field = Field::new("flags", 4, 4, 1, "feature and direction");
    /// Where the payload starts.
    pub const SIZE: usize = 8;
}

/// What sets one number for both widths.
pub mod single {
    use super::{Field, Layout};

    /// Which dma-buf.
    pub const DMABUF_FD: Field = Field::descriptor("dmabuf_fd", 0, "in: the dma-buf");
    /// The number.
    pub const STEERING_TAG: Field =
        Field::new("steering_tag", 4, 2, 1, "in: for either width, if it fits");
    /// The hint.
    pub const PH: Field = Field::new("ph", 6, 1, 1, "in: processing hint, 0 to 3");
    /// Must be zero.
    pub const RESERVED: Field = Field::new("reserved", 7, 1, 1, "in: must be 0");

    /// `struct vfio_device_feature_dma_buf_tph_v2`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_device_feature_dma_buf_tph_v2",
        size: 8,
        fields: &[DMABUF_FD, STEERING_TAG, PH, RESERVED],
        meaning: "What DMA_BUF_TPH takes if 8 to 11 bytes follow the head",
    };
}

/// What sets the tags of each width.
pub mod apart {
    use super::{Field, Layout};

    /// Which dma-buf.
    pub const DMABUF_FD: Field = Field::descriptor("dmabuf_fd", 0, "in: the dma-buf");
    /// Which tags are there.
    pub const FLAGS: Field =
        Field::new("flags", 4, 4, 1, "in: VFIO_DMA_BUF_TPH_*; 0 takes back both tags");
    /// The tag for requesters of 16-bit tags.
    pub const STEERING_TAG_EXT: Field =
        Field::new("steering_tag_ext", 8, 2, 1, "in: 16-bit tag, with VFIO_DMA_BUF_TPH_ST_EXT");
    /// The tag for requesters of 8-bit tags.
    pub const STEERING_TAG: Field =
        Field::new("steering_tag", 10, 1, 1, "in: 8-bit tag, with VFIO_DMA_BUF_TPH_ST");
    /// The hint.
    pub const PH: Field = Field::new("ph", 11, 1, 1, "in: processing hint, 0 to 3");

    /// `struct vfio_device_feature_dma_buf_tph`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_device_feature_dma_buf_tph",
        size: 12,
        fields: &[DMABUF_FD, FLAGS, STEERING_TAG_EXT, STEERING_TAG, PH],
        meaning: "What DMA_BUF_TPH takes if 12 bytes or more follow the head",
    };
}

/// A `DMA_BUF_GET`, from its head on.
pub mod get {
    use super::super::op;
    use super::{Field, Layout};

    /// Which dma-buf.
    pub const DMABUF_FD: Field = Field::descriptor("dmabuf_fd", 8, "in: the dma-buf");
    /// The width of the importer's tags.
    pub const WIDTH: Field = Field::new("width", 12, 1, 1, "in: bits of a tag, 8 or 16");
    /// Must be zero.
    pub const RESERVED: Field = Field::new("reserved", 13, 1, 3, "in: must be 0");
    /// The tag.
    pub const STEERING_TAG: Field = Field::new("steering_tag", 16, 2, 1, "out: the steering tag");
    /// The hint.
    pub const PH: Field = Field::new("ph", 18, 1, 1, "out: processing hint, 0 to 3");
    /// Zero.
    pub const RESERVED1: Field = Field::new("reserved1", 19, 1, 1, "out: 0");

    /// `struct vfio_pci_tph_dma_buf_get`.
    pub const LAYOUT: Layout = Layout {
        name: "vfio_pci_tph_dma_buf_get",
        size: 20,
        fields: &[op::ARGSZ, op::OP, DMABUF_FD, WIDTH, RESERVED, STEERING_TAG, PH, RESERVED1],
        meaning: "A DMA_BUF_GET, whole",
    };
}
