//! What is different between two public interfaces, and what that means for the version.

use std::collections::BTreeSet;
use std::fmt;

/// A recorded interface: whose, in which version, and its items.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// `# PACKAGE VERSION`; empty if nothing was recorded.
    pub(super) head: String,
    pub(super) lines: Vec<String>,
}

impl Record {
    pub(super) fn new(package: &str, version: &str, lines: Vec<String>) -> Self {
        Self { head: format!("# {package} {version}"), lines }
    }

    pub(super) fn parse(text: &str) -> Self {
        let mut lines = text.lines().map(str::to_owned);
        Self { head: lines.next().unwrap_or_default(), lines: lines.collect() }
    }

    fn version(&self) -> &str {
        self.head.rsplit(' ').next().unwrap_or_default()
    }

    /// Whether this line adds to something that somebody else may have written out whole: a variant of
    /// an enum or a field of a structure that are not `non_exhaustive`, an item of a trait.
    fn is_completed_by(&self, line: &str) -> bool {
        let path = path_of(line);
        let Some((owner, _)) = path.rsplit_once("::") else { return false };
        let has = |text: String| self.lines.iter().any(|old| starts_item(old, &text));
        if line.contains(" fn ") || line.contains(" type ") || line.contains(" const ") {
            return has(format!("pub trait {owner}"));
        }
        let is_member = line.split(' ').find(|word| word.contains("::")) == line.split(' ').nth(1);
        let has_members = self.lines.iter().any(|old| {
            old.starts_with("pub ")
                && path_of(old).rsplit_once("::").is_some_and(|it| it.0 == owner)
        });
        is_member
            && (has(format!("pub enum {owner}"))
                || has(format!("pub {owner}"))
                || (has(format!("pub struct {owner}")) && has_members))
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Whether `line` is about the item that `text` names, and not about one with a longer name.
fn starts_item(line: &str, text: &str) -> bool {
    let longer = |c: char| c.is_alphanumeric() || c == '_';
    line.strip_prefix(text).is_some_and(|rest| !rest.starts_with(longer) && !rest.starts_with("::"))
}

/// The path of the item in a line, without generics and what follows.
fn path_of(line: &str) -> &str {
    let word = line.split(' ').find(|word| word.contains("::")).unwrap_or_default();
    let end = word.find(['(', '<', '=']).unwrap_or(word.len());
    word[..end].trim_end_matches(':')
}

/// An item of `package` as it is recorded: where another of our libraries keeps its items inside is
/// that one's business.
pub(super) fn line(package: &str, item: &str) -> String {
    let own = package.replace('-', "_");
    let words = item.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let short = |word: &str| {
        let (krate, rest) = word.split_once("::")?;
        let name = rest.rsplit_once("::")?.1;
        let of_another = ["tph", "tph_abi"].contains(&krate) && krate != own;
        (of_another && name.starts_with(char::is_uppercase)).then(|| format!("{krate}::{name}"))
    };
    words.map(|word| short(word).unwrap_or_else(|| word.to_owned())).collect()
}

/// What is different.
#[derive(Debug, Default)]
pub(super) struct Changes {
    gone: Vec<String>,
    /// New, and with it callers that wrote out all there was do not compile any more.
    completing: Vec<String>,
    added: Vec<String>,
}

impl Changes {
    pub(super) fn between(old: &Record, new: &Record) -> Self {
        let (before, now): (BTreeSet<_>, BTreeSet<_>) =
            (old.lines.iter().collect(), new.lines.iter().collect());
        let gone = before.difference(&now).map(|line| (*line).clone()).collect();
        let added = now.difference(&before).map(|line| (*line).clone());
        let (completing, added) = added.partition(|line| old.is_completed_by(line));
        Self { gone, completing, added }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.completing.is_empty() && self.added.is_empty()
    }

    fn breaks(&self) -> bool {
        !self.gone.is_empty() || !self.completing.is_empty()
    }

    /// Why it must not even be recorded: programs that were written for a released version would not
    /// compile, and the version does not say so. What was never released breaks nobody.
    pub(super) fn refusal(&self, old: &Record, new: &Record, changelog: &str) -> Option<String> {
        let released = changelog.lines().any(|line| {
            line.strip_prefix("## ")
                .is_some_and(|rest| rest.split(' ').next() == Some(old.version()))
        });
        let next = next_breaking(old.version())?;
        let fits = numbers(new.version()) >= numbers(&next);
        (released && self.breaks() && !fits).then(|| {
            format!(
                "this breaks programs that were written for {}, which is released: set the workspace's \
                 version to {next}, then record it",
                old.version()
            )
        })
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = [
            ("gone, which breaks callers", '-', &self.gone),
            ("new, which breaks callers that wrote out all there was", '+', &self.completing),
            ("new", '+', &self.added),
        ];
        for (title, sign, lines) in groups.into_iter().filter(|group| !group.2.is_empty()) {
            writeln!(f, "  {title}:")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {sign} {line}"))?;
        }
        Ok(())
    }
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}

/// The first version that may break what `version` promised (as Cargo reads versions).
fn next_breaking(version: &str) -> Option<String> {
    Some(match numbers(version)? {
        [0, minor, _] => format!("0.{}.0", minor + 1),
        [major, ..] => format!("{}.0.0", major + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [&str; 12] = [
        "pub enum a::Closed",
        "pub a::Closed::One",
        "#[non_exhaustive] pub enum a::Open",
        "pub a::Open::One",
        "pub struct a::Whole",
        "pub a::Whole::x: u8",
        "pub struct a::Hidden",
        "#[non_exhaustive] pub struct a::Grows",
        "pub a::Grows::x: u8",
        "pub trait a::Trait",
        "pub fn a::Trait::f(&self)",
        "pub fn a::f()",
    ];

    fn record(version: &str, lines: impl IntoIterator<Item = &'static str>) -> Record {
        Record::new("a", version, lines.into_iter().map(str::to_owned).collect())
    }

    fn with(new: &'static str) -> Changes {
        Changes::between(&record("0.1.0", OLD), &record("0.1.0", OLD.into_iter().chain([new])))
    }

    #[test]
    fn what_is_new_breaks_only_those_who_wrote_out_all_there_was() {
        let breaking = [
            "pub a::Closed::Two",
            "pub a::Closed::Two(u8)",
            "pub a::Whole::y: u8",
            "pub fn a::Trait::g(&self)",
        ];
        for new in breaking {
            assert!(with(new).breaks(), "{new}");
        }
        let harmless = [
            "pub a::Open::Two",
            "pub a::Grows::y: u8",
            "pub a::Hidden::y: u8",
            "pub fn a::Whole::g(&self)",
            "pub fn a::g()",
            "pub struct a::New",
            "pub a::New::x: u8",
            "pub enum a::ClosedToo",
            "impl core::marker::Send for a::Whole",
        ];
        for new in harmless {
            let changes = with(new);
            assert!(!changes.breaks() && !changes.is_empty(), "{new}");
        }
    }

    #[test]
    fn what_is_gone_or_another_breaks_callers() {
        for (position, gone) in OLD.iter().enumerate() {
            let mut lines = OLD.to_vec();
            lines.remove(position);
            let changes = Changes::between(&record("0.1.0", OLD), &record("0.1.0", lines));
            assert!(changes.breaks(), "{gone}");
        }
    }

    #[test]
    fn a_released_version_is_broken_only_with_the_version_that_says_so() {
        let old = |version: &str| record(version, OLD);
        let refused = |was: &str, is: &str, changelog: &str| {
            let new = record(is, []);
            Changes::between(&old(was), &new).refusal(&old(was), &new, changelog)
        };
        let released = "# Changelog\n\n## Unreleased\n\n## 0.1.0 - the first\n\n## 1.2.3\n";
        assert!(refused("0.1.0", "0.1.1", released).unwrap().contains("version to 0.2.0"));
        assert!(refused("1.2.3", "1.9.0", released).unwrap().contains("version to 2.0.0"));
        for (was, is, changelog) in [
            ("0.1.0", "0.2.0", released),
            ("1.2.3", "2.0.0", released),
            ("0.1.0", "0.1.0", "## Unreleased\n"),
            ("0.1.0", "0.1.0", "## 0.1.0-rc\n"),
        ] {
            assert_eq!(refused(was, is, changelog), None, "{was} {is}");
        }
        let more = with("pub fn a::g()");
        assert_eq!(more.refusal(&old("0.1.0"), &old("0.1.0"), released), None);
    }

    #[test]
    fn where_another_library_keeps_an_item_is_not_recorded() {
        for (item, expected) in [
            ("pub fn vfio_tph::f(tph::address::Bdf)", "pub fn vfio_tph::f(tph::Bdf)"),
            (
                "impl tph::config::ConfigSpace for vfio_tph::X",
                "impl tph::ConfigSpace for vfio_tph::X",
            ),
            ("pub vfio_tph::E::V(&[(tph::a::I, u8)])", "pub vfio_tph::E::V(&[(tph::I, u8)])"),
            ("pub fn vfio_tph::f() -> std::io::E", "pub fn vfio_tph::f() -> std::io::E"),
        ] {
            assert_eq!(line("vfio-tph", item), expected);
        }
        let own = "pub fn tph::tlp::Tlp::f() -> tph::Bdf";
        assert_eq!(line("tph", own), own);
    }
}
