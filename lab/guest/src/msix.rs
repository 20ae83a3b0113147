//! Where the emulated endpoint has its MSI-X table.

/// The BAR of the table.
pub const TABLE_BAR: u32 = 2;

/// Where a vector's control dword lies in the table: its mask, and its tag in the upper half.
pub const fn control_dword(vector: u16) -> usize {
    const VECTOR: usize = 16;
    const CONTROL: usize = 12;
    VECTOR * vector as usize + CONTROL
}
