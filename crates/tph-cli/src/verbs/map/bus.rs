//! The bus as rows, one below the other.

use tph::{Bdf, EndEndPrefixes};
use vfio_tph::{BusNode, BusPlace, FunctionView, PortView};

use super::picture::Picture;
use crate::words;

/// How many functions that look alike, side by side, become one row.
const ALIKE: usize = 3;

/// One function or port, or several functions that look alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// How many ports lie above.
    pub(super) depth: usize,
    /// The first of them.
    pub(super) address: Bdf,
    /// What it is.
    pub(super) kind: String,
    /// What else is to say.
    pub(super) facts: Vec<String>,
    pub(super) role: Role,
}

/// How a row is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Port,
    Function,
    /// The function that was asked for.
    Asked,
}

/// The rows of a picture, from above.
pub(super) fn rows(picture: &Picture) -> Vec<Row> {
    below(&picture.layout.bus, 0, picture.device)
}

fn below(nodes: &[BusNode], depth: usize, asked: Option<Bdf>) -> Vec<Row> {
    let rows: Vec<_> = nodes.iter().map(|node| (row(node, depth, asked), node)).collect();
    let alike = rows.chunk_by(|(a, of_a), (b, of_b)| {
        let leaves = of_a.below.is_empty() && of_b.below.is_empty();
        leaves && a.role == b.role && (&a.kind, &a.facts) == (&b.kind, &b.facts)
    });
    let together = |run: &[(Row, &BusNode)]| match run {
        [(first, _), .., (last, _)] if run.len() >= ALIKE => {
            let more = format!("and {} more to {}", run.len() - 1, last.address);
            let facts = [vec![more], first.facts.clone()].concat();
            vec![Row { facts, ..first.clone() }]
        }
        run => run.iter().flat_map(|(row, node)| whole(row, node, asked)).collect(),
    };
    alike.flat_map(together).collect()
}

fn whole(row: &Row, node: &BusNode, asked: Option<Bdf>) -> Vec<Row> {
    [vec![row.clone()], below(&node.below, row.depth + 1, asked)].concat()
}

fn row(node: &BusNode, depth: usize, asked: Option<Bdf>) -> Row {
    let (kind, mut facts) = match &node.place {
        BusPlace::RootPort(port) => ("root port".to_owned(), vec![takes(port)]),
        BusPlace::Bridge(port) => ("port of a switch".to_owned(), vec![passes(port)]),
        BusPlace::Function(function) => (kind(function), of_function(function)),
        _ => (String::new(), Vec::new()),
    };
    if depth == 0 {
        facts.extend(node.numa_node.map(|node| format!("NUMA node {node}")));
    }
    let role = match node.function() {
        None => Role::Port,
        Some(_) if Some(node.address) == asked => Role::Asked,
        Some(_) => Role::Function,
    };
    Row { depth, address: node.address, kind, facts, role }
}

fn kind(function: &FunctionView) -> String {
    let ids = function.ids;
    let named = ids.map(|ids| format!("{} {ids}", words::class(ids.class)));
    named.unwrap_or_else(|| words::no_identity(&function.tph).to_owned())
}

fn takes(port: &PortView) -> String {
    match port.completer() {
        Ok(tph::Completer::None) => "takes no hints".into(),
        Ok(completer) => format!("takes {completer}"),
        Err(why) => why.to_string(),
    }
}

fn passes(port: &PortView) -> String {
    match port.prefixes() {
        Ok(_) if port.flit_mode => "in Flit Mode, passes 16-bit tags".into(),
        Ok(EndEndPrefixes::None) => "passes no 16-bit tags".into(),
        Ok(EndEndPrefixes::UpTo(_)) => "passes 16-bit tags".into(),
        Err(why) => why.to_string(),
    }
}

fn of_function(function: &FunctionView) -> Vec<String> {
    let mut facts = match &function.tph {
        Err(why) => vec![why.to_string()],
        Ok(None) => vec!["no TPH".into()],
        Ok(Some(tph)) => {
            let capability = &tph.capability;
            let table = capability.table.map(|table| match table {
                tph::StTable::None => "no ST table".into(),
                table => words::count(table.entries().into(), "ST entry"),
            });
            let bits = capability.register.requester_type().tag_bits();
            vec![format!("{bits}-bit tags"), table.unwrap_or_else(|_| "malformed table".into())]
        }
    };
    if function.is_integrated() {
        facts.push("inside the root complex".into());
    }
    facts.push(function.driver.clone().unwrap_or_else(|| "no driver".into()));
    facts
}
