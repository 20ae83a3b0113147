//! `tph plan -o`: the file has the old plan or the new one.

use std::fs;
use std::path::{Path, PathBuf};

use tph_lab_guest::Failure;

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
    let (mut kept, mut new, mut beside) = (0, None, 0);
    let after = || {
        for name in left_beside()? {
            beside += 1;
            fs::remove_file(name)?;
        }
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
    same("that it was written at last", new.is_some(), true)?;
    // Between getting a name of its own and that of the plan, and nowhere else.
    same(&format!("that {beside} of {steps} left it beside"), beside <= 1, true)
}

/// What has the name of the plan and a number.
fn left_beside() -> Result<Vec<PathBuf>, Failure> {
    let plan = Path::new(PLAN);
    let folder = plan.parent().ok_or("no folder")?;
    let start = format!("{}.", plan.file_name().ok_or("no name")?.to_string_lossy());
    let names = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let is_beside = |name: &fs::DirEntry| {
        let name = name.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(&start));
        rest.is_some_and(|rest| rest.parse::<u32>().is_ok())
    };
    Ok(names.into_iter().filter(is_beside).map(|name| name.path()).collect())
}
