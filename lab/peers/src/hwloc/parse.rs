//! hwloc's XML, as far as caches are concerned.

use roxmltree::{Document, Node, ParsingOptions};
use std::collections::{BTreeMap, BTreeSet};
use tph::CpuId;
use vfio_tph::{CacheKind, CpuSet};

/// The CPUs of a host by what they share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// The CPUs that run.
    pub(super) online: CpuSet,
    /// Sockets. Not each has a number.
    pub(super) packages: BTreeSet<CpuSet>,
    /// Dies that are not the whole socket.
    pub(super) dies: BTreeSet<CpuSet>,
    /// NUMA nodes that have CPUs, by number.
    pub(super) nodes: BTreeMap<u32, CpuSet>,
    /// Caches that hold data: level, kind, CPUs and size in bytes.
    pub(super) caches: BTreeSet<(u8, CacheKind, CpuSet, u64)>,
}

/// The host in a text.
pub(super) fn shape(text: &str) -> Result<Shape, String> {
    // It names its DTD.
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let mut shape = Shape::default();
    let mut online = Vec::new();
    for object in document.descendants().filter(|node| node.has_tag_name("object")) {
        let Some(cpus) = object.attribute("cpuset").map(mask).transpose()? else { continue };
        match object.attribute("type").unwrap_or_default() {
            "PU" => online.extend(cpus.iter()),
            "Package" => {
                shape.packages.insert(cpus);
            }
            "Die" => {
                shape.dies.insert(cpus);
            }
            "NUMANode" if cpus.iter().next().is_some() => {
                shape.nodes.insert(number(object, "os_index")?, cpus);
            }
            kind if kind.ends_with("Cache") => shape.caches.extend(cache(object, cpus)?),
            _ => {}
        }
    }
    shape.online = online.into_iter().collect();
    Ok(shape)
}

fn cache(
    object: Node<'_, '_>,
    cpus: CpuSet,
) -> Result<Option<(u8, CacheKind, CpuSet, u64)>, String> {
    let kind = match object.attribute("cache_type") {
        Some("0") => CacheKind::Unified,
        Some("1") => CacheKind::Data,
        _ => return Ok(None),
    };
    Ok(Some((number(object, "depth")?, kind, cpus, number(object, "cache_size")?)))
}

fn number<T: std::str::FromStr>(object: Node<'_, '_>, name: &str) -> Result<T, String> {
    let value = object.attribute(name).and_then(|value| value.parse().ok());
    value.ok_or_else(|| format!("an object without {name}: {:?}", object.attributes()))
}

/// A mask such as `0xffffffff,,0x00000001`: words of 32 bits, the highest first; none is 0.
pub(super) fn mask(text: &str) -> Result<CpuSet, String> {
    let mut cpus = Vec::new();
    for (word, digits) in (0..).zip(text.rsplit(',')) {
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let bits = match digits {
            "" => 0,
            _ => u32::from_str_radix(digits, 16).map_err(|_| format!("no mask: {text}"))?,
        };
        let set = (0..32).filter(|bit| bits & 1 << bit != 0);
        cpus.extend(set.map(|bit| CpuId(32 * word + bit)));
    }
    Ok(cpus.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_list_of_cpus() {
        for (text, cpus) in [("0x0", ""), ("0x00000003", "0-1"), ("0xf,,0x80000001", "0,31,64-67")]
        {
            assert_eq!(mask(text).unwrap().to_string(), cpus);
        }
        assert!(mask("0xf...f").is_err());
    }
}
