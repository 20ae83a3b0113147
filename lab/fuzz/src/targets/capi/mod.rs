//! Call sequences of libvfiotph: any functions in any order, with handles that are there, NULL or of
//! something that was given back, pointers that are NULL or not aligned, sizes and counts that are
//! not those of the structures.
//!
//! A handle that was given back is used as NULL: the header says that it is gone, and nobody can tell
//! it from another one. What was given back in an unusual order (a table before its buffers) is used
//! as before. Every answer is a value or an errno that the header names, with a text of UTF-8.
#![allow(unsafe_code, reason = "every call of a C function is one")]

mod argument;
mod array;
#[path = "../../../../../crates/vfio-tph-capi/tests/emulated/link.rs"]
mod link;

use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};

use arbitrary::Unstructured;
use tph_abi::Errno;
use tph_emu::{Caller, DirectTags, EmuDevice, Host, Profile, SharedHost};
use vfiotph::{BufferTag, Device, DmaBufTag, PeerTags, Range, TagTable};

use super::{any, below};
use crate::Target;
use argument::{ROOM, check, count, pointer};
use array::{arrays, clear, sized};
use link::Emulated;

/// The target.
pub const TARGET: Target = Target { name: "capi", run, longest: 384, slice: 4_000 };

/// All handles of one input. Those that were given back are NULL.
struct Program {
    hosts: [SharedHost; 2],
    devices: [*mut Device; 3],
    tables: [*mut TagTable; 2],
    buffers: [*mut BufferTag; 6],
    /// Descriptors of dma-bufs that were exported.
    exported: Vec<c_int>,
}

fn run(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let mut program = Program::new(any(&mut input));
    while !input.is_empty() {
        program.call(&mut input);
    }
    program.end();
}

impl Program {
    fn new(direct_tags: bool) -> Self {
        let host = |profile: &Profile| {
            let mut host = Host::new(profile);
            host.set_direct_tags(if direct_tags {
                DirectTags::Allowed
            } else {
                DirectTags::Refused
            });
            SharedHost::new(host)
        };
        let mut narrow = Profile::demo();
        let tph = narrow.functions[0].tph.as_mut().expect("the demonstration is about it");
        (tph.location, tph.extended) = (0, false);
        Self {
            hosts: [host(&Profile::peer()), host(&narrow)],
            devices: [null_mut(); 3],
            tables: [null_mut(); 2],
            buffers: [null_mut(); 6],
            exported: Vec::new(),
        }
    }

    fn call(&mut self, input: &mut Unstructured<'_>) {
        let device = self.devices[below(input, 3) as usize];
        match below(input, 24) {
            0..3 => self.open(input),
            3 => self.close(input),
            4..7 => sized(device, input),
            // SAFETY: a device or NULL.
            7 | 8 => check(unsafe { vfiotph::vfiotph_enable(device, below(input, 5)) }),
            // SAFETY: as above.
            9 => check(unsafe { vfiotph::vfiotph_disable(device) }),
            10..13 => arrays(device, input),
            13 => clear(device, input),
            14..17 => self.dma_buf(device, input),
            // SAFETY: as above.
            17 => check(unsafe { vfiotph::vfiotph_fd(device) }),
            18 => nowhere(input),
            _ => self.table(input),
        }
    }

    fn open(&mut self, input: &mut Unstructured<'_>) {
        let (place, host) = (below(input, 3) as usize, &self.hosts[below(input, 2) as usize]);
        let functions: Vec<_> = host.lock().functions().map(|(id, _)| id).collect();
        let function = functions[usize::from(any::<u8>(input)) % functions.len()];
        if !self.devices[place].is_null() {
            return;
        }
        // Somebody else may have it open.
        if let Ok(device) = EmuDevice::open(host, function, Caller::anywhere()) {
            let device = Device::new(Emulated::new(device), "nic0");
            self.devices[place] = Box::into_raw(Box::new(device));
        }
    }

    fn close(&mut self, input: &mut Unstructured<'_>) {
        let place = below(input, 3) as usize;
        let device = std::mem::replace(&mut self.devices[place], null_mut());
        // SAFETY: it is NULL, or was opened above and is given back for the first time.
        unsafe { vfiotph::vfiotph_close(device) };
    }

    fn dma_buf(&mut self, device: *mut Device, input: &mut Unstructured<'_>) {
        let known = self.exported.get(usize::from(any::<u8>(input)) % 4).copied();
        let descriptor = known.unwrap_or_else(|| any(input));
        let peer_tags = PeerTags {
            flags: below(input, 6),
            tag16: any(input),
            tag8: any(input),
            hint: below(input, 5) as u8,
        };
        let bits = [8, 16, 0, any(input)][below(input, 4) as usize];
        let mut tag = [DmaBufTag::default(); 2];
        let ranges: [Range; ROOM] = std::array::from_fn(|_| Range {
            offset: u64::from(below(input, 4)) << 12,
            length: u64::from(below(input, 3)) << 12 | u64::from(any::<u8>(input) == 0xff),
        });
        let place = pointer(input, ranges.as_ptr());
        let count = count(input);
        // SAFETY: a device or NULL; NULL, not aligned, or as many elements as `count` says.
        unsafe {
            match below(input, 5) {
                0 | 1 => {
                    let bar = [4, below(input, 8)][usize::from(any::<bool>(input))];
                    let file = vfiotph::vfiotph_export_dma_buf(device, bar, place, count);
                    check(file);
                    self.exported.extend((file >= 0).then_some(file));
                }
                2 => {
                    let tags = pointer(input, &raw const peer_tags);
                    check(vfiotph::vfiotph_set_dma_buf_tags(device, descriptor, tags));
                }
                3 => {
                    let tag = pointer(input, tag.as_mut_ptr()).cast_mut();
                    check(vfiotph::vfiotph_get_dma_buf_tag(device, descriptor, bits, tag));
                }
                _ => check(vfiotph::vfiotph_probe_dma_buf_tags(device)),
            }
        }
    }

    fn table(&mut self, input: &mut Unstructured<'_>) {
        let (at, buffer) = (below(input, 2) as usize, below(input, 6) as usize);
        let table = self.tables[at];
        // SAFETY: tables and buffers are NULL, or were made here and not given back. The function
        // takes any context, and uses none.
        unsafe {
            match below(input, 6) {
                0 if table.is_null() => {
                    let place = pointer(input, &raw mut self.tables[at]).cast_mut();
                    let write = (any::<u8>(input) != 0xff).then_some(write as Write);
                    let places = u16::try_from(below(input, 4)).unwrap();
                    check(vfiotph::vfiotph_tag_table_new(places, write, null_mut(), place));
                }
                1 => {
                    vfiotph::vfiotph_tag_table_free(table);
                    self.tables[at] = null_mut();
                }
                2 | 3 if self.buffers[buffer].is_null() => {
                    let bits = [8, 16, any(input)][below(input, 3) as usize];
                    let tag = below(input, 4) as u16 | u16::from(any::<u8>(input) == 0xff) << 8;
                    let tag = DmaBufTag { tag, bits, hint: 0 };
                    let tag = pointer(input, &raw const tag);
                    let place = pointer(input, &raw mut self.buffers[buffer]).cast_mut();
                    check(vfiotph::vfiotph_tag_register(table, tag, place));
                }
                4 => {
                    vfiotph::vfiotph_tag_release(self.buffers[buffer]);
                    self.buffers[buffer] = null_mut();
                }
                _ => check(vfiotph::vfiotph_tag_table_rewrite(table)),
            }
        }
    }

    /// Gives back what is left: tables first, as nobody should.
    fn end(self) {
        // SAFETY: all of them are NULL, or were made here and not given back.
        unsafe {
            self.tables.into_iter().for_each(|table| vfiotph::vfiotph_tag_table_free(table));
            self.devices.into_iter().for_each(|device| vfiotph::vfiotph_close(device));
            self.buffers.into_iter().for_each(|buffer| vfiotph::vfiotph_tag_release(buffer));
        }
        for host in self.hosts {
            let host = host.lock();
            for (_, endpoint) in host.functions() {
                assert_eq!(endpoint.control().map_or(0, |control| control.0), 0, "TPH is off");
            }
        }
    }
}

type Write = unsafe extern "C" fn(*mut c_void, u16, u16) -> c_int;

/// A driver's function: place 2 cannot be written, with an errno, place 3 with what is none.
unsafe extern "C" fn write(_: *mut c_void, place: u16, _: u16) -> c_int {
    assert!(place > 0, "place 0 is no tag");
    [0, 0, -Errno::EIO.0, i32::MIN][usize::from(place) % 4]
}

/// Devices that are none.
fn nowhere(input: &mut Unstructured<'_>) {
    let mut device = 16 as *mut Device;
    let place = pointer(input, &raw mut device).cast_mut();
    let texts = [c"0000:01:00.0", c"nowhere", c"", c"ffff:ff:1f.7"];
    let text = texts[below(input, 4) as usize].as_ptr();
    let text = if any(input) { text } else { null() };
    // SAFETY: a text or NULL; NULL, not aligned, or room for a pointer.
    let answer = unsafe {
        if any(input) {
            vfiotph::vfiotph_open(text, place)
        } else {
            vfiotph::vfiotph_adopt([-1, i32::MIN, 0][below(input, 3) as usize], text, place)
        }
    };
    check(answer);
    assert!(answer < 0);
    let told = place.is_null() || !place.is_aligned() || device.is_null();
    assert!(told, "the device is NULL after an error");
}
