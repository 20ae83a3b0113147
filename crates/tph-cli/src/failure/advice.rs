//! What to do next.

use std::io;

use vfio_tph::{Error, PlanError};

use super::Failure;

impl Failure {
    pub(super) fn advice(&self) -> Option<String> {
        let advice = |error: &Error| error.advice().map(|advice| advice.to_string());
        match self {
            Self::Library(error) => advice(error),
            Self::NoSuchDevice { error, similar } => did_you_mean(similar, advice(error)),
            Self::NoSuchFunction { similar, .. } => {
                did_you_mean(similar, Some("See what there is: tph list --emulated.".into()))
            }
            Self::PlanFile(error) => Some(error.advice()),
            Self::File { error, .. } | Self::Output(error) => Some(for_file(error.kind()).into()),
            Self::Program { .. } => Some("Name a program that is there and may be run.".into()),
            Self::Samples { path, error } => Some(match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("Make it first, for the load to write to: mkfifo {}.", path.display())
                }
                _ => "Name a FIFO or a file that you may read.".into(),
            }),
            Self::Profile(tph_emu::ProfileError::Unreadable { .. }) => Some(
                "Name the file of a profile; --emulated without a name is the host of the \
                 demonstration."
                    .into(),
            ),
            Self::Profile(_) => Some(
                "Compare with docs/profile.md; --emulated without a name is the host of the \
                 demonstration."
                    .into(),
            ),
            Self::NoPlan { error: PlanError::CpuNotOnline { .. }, .. } => {
                Some("See which are: cat /sys/devices/system/cpu/online.".into())
            }
            Self::NoPlan { device, error: PlanError::OutsideTable { .. } } => {
                Some(format!("See the table: tph show {device}."))
            }
            Self::NoPlan { error: PlanError::NamedTwice { .. }, .. } => {
                Some("Name each queue once.".into())
            }
            Self::NoPlan { error: PlanError::MemoryDiffers { .. }, .. } => {
                Some("Give each an entry of its own, or both the same kind of memory.".into())
            }
            Self::NoQueues { advice, .. } => Some(advice.clone()),
            Self::NothingToCount { advice, .. } => advice.clone(),
            Self::Switch { advice, .. } => Some((*advice).to_owned()),
            Self::OtherDevice { device, plan, .. } => Some(format!(
                "Leave the device out, or make a plan for it: tph plan {device} --from {} -o FILE.",
                plan.display()
            )),
            _ => None,
        }
    }
}

/// What to do when writing went wrong so.
fn for_file(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            "Make the folder first, or name a file in one that is there."
        }
        io::ErrorKind::AlreadyExists => "Something else has that name: choose another.",
        io::ErrorKind::IsADirectory => "Name a file, not a folder.",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Make room, or write to another place."
        }
        _ => "Name a place that you may write to, or run as root.",
    }
}

fn did_you_mean(similar: &[String], advice: Option<String>) -> Option<String> {
    if similar.is_empty() {
        return advice;
    }
    let question = format!("Did you mean {}?", similar.join(" or "));
    Some(advice.map_or_else(|| question.clone(), |advice| format!("{question} {advice}")))
}
