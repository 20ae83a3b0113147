//! Steer the DMA of a VFIO device into the right cache.
