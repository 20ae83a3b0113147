//! What the command does, a verb each.

mod apply;
mod bench;
mod bind;
mod capture;
mod demo;
mod dma_buf;
mod emulate;
mod explain;
mod hold;
mod list;
mod map;
mod nic;
mod opened;
mod plan;
mod show;
mod verify;
mod watch;

pub(crate) use apply::{ApplyArgs, apply};
pub(crate) use bench::{BenchArgs, bench};
pub(crate) use bind::{bind, unbind};
pub(crate) use capture::capture;
pub(crate) use demo::demo;
pub(crate) use dma_buf::dma_buf;
pub(crate) use emulate::emulate;
pub(crate) use explain::explain;
pub(crate) use hold::hold;
pub(crate) use list::list;
pub(crate) use map::{MapArgs, map};
pub(crate) use plan::{PlanArgs, plan};
pub(crate) use show::show;
pub(crate) use verify::{VerifyArgs, verify};
pub(crate) use watch::{WatchArgs, watch};

#[cfg(test)]
pub(crate) use {
    apply::{DryRunReport, Event as ApplyEvent},
    bench::Event as BenchEvent,
    bind::{BoundReport, ReleasedReport},
    capture::CaptureReport,
    demo::{DemoReport, PeerReport},
    dma_buf::DmaBufReport,
    emulate::Event as EmulateEvent,
    hold::Event as HoldEvent,
    list::ListReport,
    map::MapReport,
    show::ShowReport,
    watch::Event as WatchEvent,
};

/// The process ended before, or while it was looked at.
fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}
