//! `tph bind DEV` and `tph unbind DEV`

use serde::Serialize;
use vfio_tph::{Binder, Bound, Released};

use crate::cli::BindArgs;
use crate::failure::Failure;
use crate::safe::clean;
use crate::style::title;
use crate::{output, source};

/// What `tph bind` came to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BoundReport {
    device: String,
    driver: String,
    former_driver: Option<String>,
    iommu_group: u32,
    /// Whether anything had to be done.
    changed: bool,
}

/// What `tph unbind` came to.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ReleasedReport {
    device: String,
    driver: Option<String>,
    /// Whether it was known who had the function before; if not, the kernel chose.
    remembered: bool,
}

pub(crate) fn bind(args: &BindArgs, json: bool) -> Result<(), Failure> {
    let bound = Binder::default().bind(source::address(&args.device)?)?;
    let said = if json {
        let Bound { address, driver, former, group, changed, .. } = bound;
        output::json(BoundReport {
            device: address.to_string(),
            driver,
            former_driver: former,
            iommu_group: group,
            changed,
        })
    } else {
        output::print(&bound_text(&bound))
    };
    Ok(said?)
}

pub(crate) fn unbind(args: &BindArgs, json: bool) -> Result<(), Failure> {
    let released = Binder::default().unbind(source::address(&args.device)?)?;
    let said = if json {
        let Released { address, driver, remembered, .. } = released;
        output::json(ReleasedReport { device: address.to_string(), driver, remembered })
    } else {
        output::print(&released_text(&released))
    };
    Ok(said?)
}

fn bound_text(bound: &Bound) -> String {
    let device = bound.address.to_string();
    let was = if bound.changed { "is bound" } else { "was bound already" };
    let former = match &bound.former {
        Some(driver) => format!("; it was with {}", clean(driver)),
        None => String::new(),
    };
    format!(
        "{}  {was} to {}{former}. IOMMU group {}.\nGive it back with: tph unbind {device}\n",
        title(&device),
        bound.driver,
        bound.group
    )
}

fn released_text(released: &Released) -> String {
    let device = title(&released.address.to_string());
    match (&released.driver, released.remembered) {
        (Some(driver), true) => format!("{device}  is bound to {} again.\n", clean(driver)),
        (None, true) => format!("{device}  is bound to no driver again.\n"),
        (Some(driver), false) => format!(
            "{device}  is bound to {}: who had it before is not known, the kernel chose.\n",
            clean(driver)
        ),
        (None, false) => format!(
            "{device}  is bound to no driver: who had it before is not known, and the kernel has \
             none for it.\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_have_the_fields_that_are_documented() {
        let bound = BoundReport {
            device: "d".into(),
            driver: "vfio-pci-tph".into(),
            former_driver: None,
            iommu_group: 7,
            changed: true,
        };
        let released = ReleasedReport { device: "d".into(), driver: None, remembered: true };
        let text = |value: serde_json::Result<String>| value.unwrap();
        assert_eq!(
            text(serde_json::to_string(&bound)),
            r#"{"device":"d","driver":"vfio-pci-tph","former_driver":null,"iommu_group":7,"changed":true}"#
        );
        assert_eq!(
            text(serde_json::to_string(&released)),
            r#"{"device":"d","driver":null,"remembered":true}"#
        );
    }
}
