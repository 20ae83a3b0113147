//! Every type can be sent to other threads and shared by them: checked when this is compiled.

use std::os::fd::{BorrowedFd, OwnedFd};

use crate::{
    Advice, Bar, Binder, BufferTag, Cause, ConfigRegion, DmaBuf, DmaBuffer, Dump, Enabled, Error,
    Explanation, Facts, FunctionView, Host, Iommu, Layout, NoPlaces, Plan, Processes, Seen,
    TagTable, Topology, TphDevice, Uevents, VfioConfig, VfioFd, VfioFunction,
};

const fn any_thread<T: Send + Sync>() {}

const _: () = {
    any_thread::<TphDevice<VfioFd<OwnedFd>>>();
    any_thread::<TphDevice<VfioFd<BorrowedFd<'static>>>>();
    any_thread::<Enabled<VfioFd<OwnedFd>>>();
    any_thread::<Enabled<VfioFd<OwnedFd>, &mut TphDevice<VfioFd<OwnedFd>>>>();
    any_thread::<VfioConfig<OwnedFd>>();
    any_thread::<(VfioFunction, Iommu, Bar, DmaBuffer, DmaBuf, ConfigRegion<'static>)>();
    any_thread::<(TagTable<NoPlaces>, BufferTag<NoPlaces>)>();
    any_thread::<(Error, Cause, Advice)>();
    any_thread::<(Host, Processes, Dump, Binder, Uevents)>();
    any_thread::<(FunctionView, Topology, Layout, Plan, Seen, Facts, Explanation)>();
};
