//! One boot from begin to end: a program runs in the guest, the host answers its questions.

mod console;
mod control;
mod endpoints;
mod logs;
mod outcome;
mod output;
mod session;

pub use endpoints::{Endpoints, NoEndpoints, QueryError};
pub use outcome::{End, Outcome};
pub use session::{Program, Session};
