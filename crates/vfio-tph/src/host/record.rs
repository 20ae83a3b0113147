//! What was read of a host, to make a copy of: only that, and nothing else, gets into a bundle.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tph::ConfigOffset;

/// One thing that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saved {
    /// The text of a file.
    Text(String),
    /// A link to a folder, and what it points to.
    Link(PathBuf),
    /// A link of which only the last part of what it points to matters.
    Name(String),
    /// There is a file or folder.
    There,
    /// Dwords of a configuration space of so many bytes.
    Config {
        /// How many bytes the space has.
        size: u64,
        /// The dwords that were read.
        dwords: BTreeMap<ConfigOffset, u32>,
    },
}

/// Remembers the last that was read of each place. Clones remember together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<BTreeMap<String, Saved>>>);

impl Recorder {
    pub(crate) fn note(&self, place: &str, saved: Saved) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match places.get_mut(place) {
            Some(Saved::Config { dwords: known, .. }) => {
                if let Saved::Config { dwords, .. } = saved {
                    known.extend(dwords);
                }
            }
            // What a place holds says more than that it is there.
            Some(_) if saved == Saved::There => {}
            _ => {
                places.insert(place.to_owned(), saved);
            }
        }
    }

    /// All of it, by place.
    pub(crate) fn places(&self) -> BTreeMap<String, Saved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
