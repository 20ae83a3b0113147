//! A function of the emulated host, served to an unmodified QEMU over a unix socket (vfio-user).
//!
//! [`serve`] starts a thread that takes one client after the other, as `vfio-user-pci` is one. What
//! the client maps for DMA is written through the file descriptors that it sends; its eventfds are
//! told of interrupts. A client that goes away leaves the function as it was, for whoever wants to
//! look at it; the next one finds it as after power-on.
//!
//! The server is our own. The crate `vfio_user` panics on a version message that is too short or is not
//! terminated, takes the rest of a message that it refuses for the next one, allocates whatever size a
//! message claims, and cannot be stopped; a server in a test bench has to outlive its clients. Here a
//! message is taken in whole, within limits, before it is looked at. There is no `unsafe` in it: guest
//! memory is written with `pwrite`, which also cannot be made to fault by a client that truncates its
//! file.

mod access;
mod clients;
mod guest_memory;
mod irqs;
mod mapping;
mod message;
mod reply;
mod server;
mod session;
mod stream;

pub use server::{ServeError, ServerHandle, serve};
pub use session::serve_client;
pub use stream::SessionError;
