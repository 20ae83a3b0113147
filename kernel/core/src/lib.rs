//! The part of `vfio_pci_tph.ko` that is written in Rust: [`tph_abi`] and [`tph`] behind C
//! functions.
//!
//! One header (`kernel/core.h`): [`entry`], [`report`] and [`dma_buf`] are what the C glue calls,
//! [`host`] is what the rules ask of the kernel through the glue. Nothing here decides anything;
//! nothing here allocates or locks. The glue holds the device's lock around every call that gets a
//! device, but for those about dma-bufs, which have a lock of their own.
//!
//! This crate has `unsafe` because it is the boundary to C: exported names, the declarations of
//! the glue's functions, and the request's bytes, which C hands over as pointer and length.
#![no_std]
#![allow(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod dma_buf;
pub mod entry;
pub mod host;
#[cfg(test)]
mod mock;
#[cfg(vfio_tph_kernel)]
mod panic;
pub mod report;
#[cfg(test)]
mod tests;
