//! Takes bytes that lie in little-endian order for a number of this machine, as a layout must not:
//! `cargo xtask big-endian` must see it.

fn main() {
    let bytes = 0x1234_u16.to_le_bytes();
    assert_eq!(u16::from_ne_bytes(bytes), 0x1234, "bytes in the other order");
}
