//! Locks of the files that `lab/models` takes as they are, with a model's locks in this place.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
