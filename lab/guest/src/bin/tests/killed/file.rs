//! `tph plan -o`: the file has the old plan or the new one.

use std::fs;

use super::{Look, Outcome, Test, at_each_step};
use crate::check::same;
use crate::watch::rig::{PLAN, plan};

pub(super) const TESTS: &[(&str, Test)] =
    &[("plan_at_each_step_leaves_the_old_file_or_the_new_one", written)];

fn written(look: &mut Look<'_>) -> Outcome {
    let address = look.address().to_string();
    let other = ["plan", &address, "--queue", "0=1,1=0,2=2", "-o", PLAN];
    plan(look, &[])?;
    let old = fs::read_to_string(PLAN)?;
    let (mut kept, mut new) = (0, None);
    let after = || {
        let text = fs::read_to_string(PLAN)?;
        if text == old {
            kept += 1;
        } else {
            same("that it is another plan, and whole", text.matches("[[entry]]").count(), 3)?;
            same("that there is one other", new.get_or_insert(text.clone()), &mut text.clone())?;
        }
        Ok(fs::write(PLAN, &old)?)
    };
    let steps = at_each_step(&other, (0, 1), |_, _| Ok(()), after)?;
    same(&format!("that {kept} of {steps} kept it"), kept >= 4 && kept < steps + 1, true)?;
    same("that it was written at last", new.is_some(), true)
}
