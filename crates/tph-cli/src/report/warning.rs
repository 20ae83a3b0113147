//! What is done all the same, and does not do what it is for.

use serde::Serialize;
use vfio_tph::FunctionView;

use crate::safe::clean;
use crate::style::WARNING;

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WarningReport {
    pub(crate) text: String,
    /// What to do.
    pub(crate) next: Option<String>,
}

impl WarningReport {
    /// What is to be said before TPH of a function is turned on: ports that keep its packets back.
    pub(crate) fn all(function: &FunctionView) -> Vec<Self> {
        let warning = |finding: vfio_tph::Finding| Self {
            text: finding.to_string(),
            next: finding.advice(function.address).map(|advice| advice.to_string()),
        };
        function.kept_back().into_iter().map(warning).collect()
    }

    /// For people; what to do is said once if it is the same for all. Nothing without warnings, else with an empty line
    /// at the end.
    pub(crate) fn lines(warnings: &[Self]) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, warning) in warnings.iter().enumerate() {
            lines.push(format!("{WARNING}warning:{WARNING:#} {}", clean(&warning.text)));
            let is_last = warnings.get(number + 1).is_none_or(|then| then.next != warning.next);
            let next = warning.next.as_ref().filter(|_| is_last);
            lines.extend(next.map(|next| format!("  next: {}", clean(next))));
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }

    /// The same as a text.
    pub(crate) fn paragraph(warnings: &[Self]) -> String {
        Self::lines(warnings).iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::report::FunctionReport;

    /// What a verb says of two functions of one host, as an emulated host has no switches: of that behind a port which
    /// passes no prefixes it warns, above its last line.
    pub(crate) fn only_the_port_without_prefixes_is_warned_of(
        last: &str,
        said: impl Fn(Option<Box<FunctionReport>>) -> String,
    ) {
        let tree = tph_lab_hosts::known::behind_a_switch();
        let host = vfio_tph::Host::saved(tree.path());
        let said = |device: &str| {
            let function = host.function(device.parse().unwrap()).unwrap();
            said(Some(Box::new(FunctionReport::from(&function))))
        };
        assert!(!said("0000:83:00.0").contains("warning"));
        let said = said("0000:84:00.0");
        let (port, end) = ("0000:82:01.0 passes no TLP prefixes", format!("\n\n{last}\n"));
        let has_all = said.contains(port) && said.contains("\n  next: ") && said.ends_with(&end);
        assert!(has_all, "{said}");
    }
}
