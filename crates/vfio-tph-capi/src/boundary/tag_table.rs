//! A device's own places for tags.

use std::ffi::{c_int, c_void};

use tph::{SlotIndex, SteeringTag};
use vfio_tph::Errno;

use super::answer::{answer, value};
use super::pointer;
use crate::{BufferTag, DmaBufTag, Failure, TagTable};

/// The driver's function. Named, so that the type can say what it needs; in the header it is
/// written out.
struct Write {
    function: unsafe extern "C" fn(*mut c_void, u16, u16) -> c_int,
    context: *mut c_void,
}

// SAFETY: the header says that any thread calls the function with its context, one at a time.
unsafe impl Send for Write {}

impl Write {
    fn call(&self, index: SlotIndex, tag: SteeringTag) -> Result<(), Errno> {
        // SAFETY: a function and what it takes, as the header asks for, until the table is freed.
        match unsafe { (self.function)(self.context, index.0, tag.entry_bits()) } {
            0 => Ok(()),
            error => Err(error.checked_neg().filter(|errno| *errno > 0).map_or(Errno::EIO, Errno)),
        }
    }
}

/// For a driver whose device has places of its own for the tags of peers, fewer than it has buffers:
/// which tag lies in which place. Buffers with the same tag share one. (A device that takes the tag
/// itself with each buffer needs no table.)
///
/// @places are how many it has; place 0 stands for "no tag", is never given out and never written.
/// @write makes the device send @tag for what names @place, and returns 0 or a negative errno. Any
/// thread that registers a buffer calls it, one at a time; it must not use this table.
/// @context is handed to @write, which is not called after vfiotph_tag_table_free().
/// @table is where the table goes; NULL after an error.
///
/// -EINVAL without @write or @table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_tag_table_new(
    places: u16,
    write: Option<unsafe extern "C" fn(context: *mut c_void, place: u16, tag: u16) -> c_int>,
    context: *mut c_void,
    table: *mut *mut TagTable,
) -> c_int {
    answer(|| {
        let make = || {
            let function = write.ok_or_else(|| Failure::argument("write is NULL"))?;
            let write = Write { function, context };
            Ok(TagTable::new(places, move |index, tag| write.call(index, tag)))
        };
        // SAFETY: room for a pointer, as said.
        unsafe { pointer::put_new(table, "table", make) }
    })
}

/// Takes a place for one more buffer with this tag; writes the tag if it is in none yet.
///
/// @tag is what vfiotph_get_dma_buf_tag() answered; its hint is of no account here.
/// @buffer is where goes what vfiotph_tag_release() takes; NULL after an error, and then the buffer
/// goes without a tag: it is place 0, and no reason to fail.
///
/// The place, 1 and up, which holds this tag until @buffer is given back. -ENOSPC if all places hold
/// other tags, what @write returned, -EINVAL for a tag that does not fit its width.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_tag_register(
    table: *mut TagTable,
    tag: *const DmaBufTag,
    buffer: *mut *mut BufferTag,
) -> c_int {
    value(|| {
        let mut place = 0;
        let make = || {
            // SAFETY: a table or NULL, as said.
            let table = unsafe { pointer::object(table, "table") }?;
            // SAFETY: a tag or NULL, as said.
            let (buffer, index) = table.register(*unsafe { pointer::object(tag, "tag") }?)?;
            place = index.0.into();
            Ok(buffer)
        };
        // SAFETY: room for a pointer, as said.
        unsafe { pointer::put_new(buffer, "buffer", make) }?;
        Ok(place)
    })
}

/// Gives the place of a buffer back, when the device has forgotten the buffer: from then on the
/// place may hold another tag. Also after its table was freed. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_tag_release(buffer: *mut BufferTag) {
    answer(|| {
        // SAFETY: what was registered or NULL, as said, and this is its last call.
        drop(unsafe { pointer::take(buffer) });
        Ok(())
    });
}

/// Writes all tags that are in use again: after a reset of the device, which has forgotten them.
///
/// What @write returned first, where it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_tag_table_rewrite(table: *mut TagTable) -> c_int {
    answer(|| {
        // SAFETY: a table or NULL, as said.
        unsafe { pointer::object(table, "table") }?.rewrite()
    })
}

/// Gives a table back. Buffers keep their places. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vfiotph_tag_table_free(table: *mut TagTable) {
    answer(|| {
        // SAFETY: a table or NULL, as said, and this is its last call.
        drop(unsafe { pointer::take(table) });
        Ok(())
    });
}
