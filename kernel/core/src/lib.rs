//! The part of `vfio_pci_tph.ko` that is written in Rust.
#![cfg_attr(not(test), no_std)]
