//! Plans: which entry gets which CPU.

use std::ffi::c_int;
use std::mem::offset_of;

use super::answer::{answer, value};
use super::pointer;
use crate::{Entry, Failure, Plan, PlanRequest, PlannedQueue};

/// How long the structure is that the first version of the library knew.
const REQUEST: usize = offset_of!(PlanRequest, host) + size_of::<*const u8>();

/// Plans which ST entry gets which CPU, from queues and the CPUs that poll them. With fewer entries
/// than such CPUs, queues share one if their CPUs share a cache, the closest that suffices. The same
/// request on the same host gives the same plan. Touches no device.
///
/// @request says for which table and which queues.
/// @plan is where the plan goes; NULL after an error.
///
/// -EINVAL for a size that is too small, a table that is too large, a queue whose CPU is not online,
/// whose number another one has, which is tied to an entry past the table or with a queue in another
/// kind of memory; -ENOENT if the host does not tell its CPUs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_plan_new(
    request: *const PlanRequest,
    plan: *mut *mut Plan,
) -> c_int {
    answer(|| {
        let make = || {
            // SAFETY: a structure with its size, as said; its fields have no padding between them
            // and may all be 0.
            let request = unsafe { pointer::get_sized(request, REQUEST, "request") }?;
            // SAFETY: as many queues as said.
            let queues = unsafe { pointer::elements(request.queues, request.count, "queues") }?;
            // SAFETY: a path or NULL, as said.
            let host = unsafe { pointer::path(request.host) };
            Plan::new(request.table_entries, queues, host)
        };
        // SAFETY: room for a pointer, as said.
        unsafe { pointer::put_new(plan, "plan", make) }
    })
}

/// The entries that hold a tag, by index: what vfiotph_set_entries() takes.
///
/// @entries is where their address goes; they belong to the plan and stay until it is freed.
///
/// How many they are, or -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_plan_entries(
    plan: *const Plan,
    entries: *mut *const Entry,
) -> c_int {
    // SAFETY: a plan and room for a pointer, as said.
    value(|| unsafe { list(plan, Plan::entries, entries, "entries") })
}

/// What each queue gets, in the order of the request: which entry the driver should give it, and where
/// its data lands then.
///
/// @queues is where their address goes; they belong to the plan and stay until it is freed.
///
/// How many they are, or -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_plan_queues(
    plan: *const Plan,
    queues: *mut *const PlannedQueue,
) -> c_int {
    // SAFETY: a plan and room for a pointer, as said.
    value(|| unsafe { list(plan, Plan::queues, queues, "queues") })
}

/// Gives a plan back, and its lists with it. What was set on a device stays set. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_plan_free(plan: *mut Plan) {
    answer(|| {
        // SAFETY: a plan or NULL, as said, and this is its last call.
        drop(unsafe { pointer::take(plan) });
        Ok(())
    });
}

/// Puts the address of a list of the plan where the caller wants it; how long the list is.
unsafe fn list<T>(
    plan: *const Plan,
    part: fn(&Plan) -> &[T],
    place: *mut *const T,
    what: &str,
) -> Result<c_int, Failure> {
    // SAFETY: a plan or NULL, as said.
    let list = part(unsafe { pointer::object(plan, "plan") }?);
    // SAFETY: room for a pointer or NULL, as said.
    *unsafe { pointer::object_mut(place, what) }? = list.as_ptr();
    let most = || Failure::argument(format!("{} {what} do not fit in an int", list.len()));
    c_int::try_from(list.len()).map_err(|_| most())
}
