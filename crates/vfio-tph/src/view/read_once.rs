//! A configuration space that is asked for each dword at most once.

use std::collections::BTreeMap;

use tph::{AccessError, ConfigOffset, ConfigSpace};

/// Remembers what it has read: walking two lists of capabilities costs no dword twice, and all
/// that is decoded comes from one reading. Writes are refused: this is for looking.
#[derive(Debug)]
pub struct ReadOnce<S> {
    space: S,
    seen: BTreeMap<ConfigOffset, u32>,
}

impl<S: ConfigSpace> ReadOnce<S> {
    /// Looks at `space`.
    pub fn new(space: S) -> Self {
        Self { space, seen: BTreeMap::new() }
    }

    /// The space that is looked at.
    pub fn inner(&self) -> &S {
        &self.space
    }

    /// The dwords that were read, by where they lie.
    pub fn seen(&self) -> &BTreeMap<ConfigOffset, u32> {
        &self.seen
    }

    /// How many dwords were read.
    pub fn reads(&self) -> usize {
        self.seen.len()
    }
}

impl<S: ConfigSpace> ConfigSpace for ReadOnce<S> {
    fn read_config(&mut self, offset: ConfigOffset) -> Result<u32, AccessError> {
        if let Some(value) = self.seen.get(&offset) {
            return Ok(*value);
        }
        let value = self.space.read_config(offset)?;
        self.seen.insert(offset, value);
        Ok(value)
    }

    fn write_config(&mut self, _: ConfigOffset, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Failed)
    }
}
