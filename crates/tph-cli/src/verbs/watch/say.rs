//! What `tph watch` says; one line of JSON each.

use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use crate::report::VerifyReport;
use crate::safe::clean;
use crate::style::title;
use crate::verbs::verify;

/// What happens.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// The plan is on the device.
    Applied { device: &'a str },
    /// The plan was compared.
    Compared {
        /// Why, in words.
        cause: &'a str,
        #[serde(flatten)]
        report: &'a VerifyReport,
    },
    /// Something was put back.
    Repaired { device: &'a str, what: &'a str },
    /// Something could not be put back.
    NotRepaired { device: &'a str, what: &'a str, why: String },
    /// The process of `--pid` is no more; its threads are no longer compared.
    ProcessEnded { device: &'a str, process: u32 },
    /// TPH is off again and the entries are 0.
    Released { device: &'a str, cause: &'a str },
}

impl Event<'_> {
    pub(super) fn say(&self, json: bool) -> Result<(), Failure> {
        Ok(output::say(json, self, Self::text)?)
    }

    fn text(&self) -> String {
        match self {
            Self::Applied { device } => format!("{}  the plan is on the device\n", title(device)),
            Self::Compared { cause, report } => {
                format!("after {cause}: {}", verify::text(report))
            }
            Self::Repaired { device, what } => {
                format!("{}  repaired: {}\n", title(device), clean(what))
            }
            Self::NotRepaired { device, what, why } => {
                let said = clean(&format!("{what}: {why}"));
                format!("{}  not repaired: {said}\n", title(device))
            }
            Self::ProcessEnded { device, process } => format!(
                "{}  process {process} has ended: its threads are no longer compared\n",
                title(device)
            ),
            Self::Released { device, cause } => {
                format!("{}  after {cause}: TPH is off, the entries are 0\n", title(device))
            }
        }
    }
}
