//! `tph map`; more hosts are in tests/hosts.rs

mod common;

use common::{file, json, output, profile, run};
use insta::{assert_json_snapshot, assert_snapshot};
use tph_lab_hosts::{Tree, known};

/// The map of a saved host.
fn map(tree: &Tree, arguments: &[&str]) -> String {
    let root = tree.path().to_str().unwrap();
    output(&[&["map"], arguments, &["--sysroot", root]].concat())
}

/// The same as SVG.
fn svg(tree: &Tree, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("map.svg");
    let file = file.to_str().unwrap();
    let said = map(tree, &[arguments, &["--svg", file]].concat());
    assert_eq!(said, format!("Drawn in {file}.\n"));
    std::fs::read_to_string(file).unwrap()
}

/// Queues from 0 on, one for each of these CPUs.
fn queues(cpus: impl IntoIterator<Item = u32>) -> String {
    let queues = cpus.into_iter().enumerate().map(|(queue, cpu)| format!("{queue}={cpu}"));
    queues.collect::<Vec<_>>().join(",")
}

/// More queues than entries: the last CPUs share.
fn many() -> String {
    queues((0..91).map(|queue| 2 * queue))
}

#[test]
fn the_host_of_the_demonstration() {
    assert_snapshot!(map(&known::demo(), &["01:00.0", "--queue", "0=0,1=2,2=4,3=6,4=8"]));
}

#[test]
fn an_emulated_host_and_its_nic_by_name() {
    assert_snapshot!(output(&["map", "nic0", "--emulated", "--queue", "0=0", "1=15"]));
}

#[test]
fn an_integrated_endpoint_with_fewer_entries_than_queues() {
    assert_snapshot!(map(&known::dsa(), &["6a:01.0", "--queue", "0=0,1=1,2=4,3=2"]));
}

#[test]
fn a_table_that_is_not_known_is_not_drawn_as_none() {
    let tree = known::malformed();
    let root = tree.path().to_str().unwrap();
    let refused = |verb: &str| run(&[verb, "01:00.0", "--queue", "0=0", "--sysroot", root]);
    let (map, plan) = (refused("map"), refused("plan"));
    assert_eq!((map.code, map.out.as_str()), (Some(1), ""));
    assert_eq!((map.code, map.err), (plan.code, plan.err));
}

#[test]
fn many_cpus_with_more_queues_than_entries() {
    assert_snapshot!(map(&known::large(), &["01:00.0", "--queue", &many()]));
}

#[test]
fn a_dump_tells_of_no_cpus() {
    assert_snapshot!(output(&["map", "--dump", &common::fixture("i210.lspci")]));
}

/// The text of a plan for this device.
fn plan_for(device: &str, queues: &[&str]) -> tempfile::NamedTempFile {
    let plan = file("");
    let path = plan.path().to_str().unwrap();
    output(&[&["plan", device, "--emulated", "-o", path, "--queue"], queues].concat());
    plan
}

#[test]
fn a_plan_is_drawn_as_the_queues_that_it_was_made_from() {
    let queues = ["0=0", "1=15", "2=3"];
    let plan = plan_for("nic0", &queues);
    let path = plan.path().to_str().unwrap();
    let drawn = output(&["map", "--emulated", "--plan", path]);
    assert_eq!(drawn, output(&[&["map", "nic0", "--emulated", "--queue"], &queues[..]].concat()));
    assert_eq!(drawn, output(&["map", "nic0", "--emulated", "--plan", path]));
    let tree = known::demo();
    let saved = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("map.svg");
        map(&tree, &[arguments, &["--svg", file.to_str().unwrap()]].concat());
        std::fs::read_to_string(file).unwrap()
    };
    let drawn = saved(&["--plan", path]);
    assert_eq!(drawn, saved(&[&["01:00.0", "--queue"], &queues[..]].concat()));
    assert!(drawn.contains("Where the queues of 0000:01:00.0 land"));
}

#[test]
fn a_plan_that_does_not_belong_to_what_is_drawn_is_refused() {
    let plan = plan_for("nic0", &["0=0", "63=5"]);
    let path = plan.path().to_str().unwrap();
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    let said = |arguments: &[&str]| {
        let answer = run(&[&["map", "--plan", path], arguments].concat());
        assert_eq!(answer.out, "", "{arguments:?}");
        format!("{}exit code {}\n", answer.err.replace(path, "PLAN"), answer.code.unwrap())
    };
    let tied = file(
        "version = 1\ndevice = \"nic0\"\nmode = \"device-specific\"\n[[entry]]\nindex = 7\ncpu = 0\n",
    );
    let tied = tied.path().to_str().unwrap();
    let outside = run(&["map", "--plan", tied, &profile("narrow")]);
    assert_eq!(
        outside.err,
        "error: 0000:01:00.0: entry 0: index 7 is outside of the ST table of 7 entries\n  next: See \
         what the device and the root port above it can do: tph show 0000:01:00.0.\n"
    );
    assert_eq!(outside.code, Some(1));
    assert_snapshot!(
        [
            said(&["--sysroot", root]),
            said(&["0000:00:01.0", "--sysroot", known::demo().path().to_str().unwrap()]),
            said(&["nic0", "--emulated", "--queue", "0=0"]),
        ]
        .join("\n")
    );
}

#[test]
fn in_interrupt_vector_mode_alone_a_queue_has_the_entry_of_its_number() {
    let narrow =
        std::fs::read_to_string(profile("narrow").trim_start_matches("--emulated=")).unwrap();
    let narrow = file(&narrow.replace("modes = 7", "modes = 3"));
    let source = format!("--emulated={}", narrow.path().display());
    let queues = ["--queue", "5=0", "2=1"];
    let drawn = json(&[&["map", "nic0", &source, "-j"], &queues[..]].concat());
    let planned = json(&[&["plan", "nic0", &source, "-j"], &queues[..]].concat());
    assert_eq!(planned["mode"], "interrupt-vector");
    for answer in [drawn, planned] {
        let entries = answer["queues"].as_array().unwrap().iter();
        let entries =
            entries.map(|it| (it["queue"].as_u64().unwrap(), it["entry"].as_u64().unwrap()));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_unstable();
        assert_eq!(entries, [(2, 2), (5, 5)]);
    }
    let outside = run(&["map", "nic0", &source, "--queue", "7=0"]);
    assert_eq!((outside.code, outside.out.as_str()), (Some(1), ""));
    assert!(
        outside.err.contains("queue 7 is tied to entry 7, and the table has 7"),
        "{}",
        outside.err
    );
}

/// What `draw` makes of each known host with all that is on it, and of two with queues.
fn of_all_hosts(draw: impl Fn(&Tree, &[&str]) -> String) -> Vec<(&'static str, String)> {
    let mut drawn = Vec::new();
    for (name, tree) in known::all() {
        drawn.push((name, draw(&tree, &["--all"])));
        match name {
            "large" => drawn.push(("many queues", draw(&tree, &["01:00.0", "--queue", &many()]))),
            "no-table" => {
                drawn.push(("to memory", draw(&tree, &["c1:00.0", "--queue", "0=0,1=4"])));
            }
            _ => {}
        }
    }
    assert!(drawn.len() > 2 + 6, "every host is there");
    drawn
}

#[test]
fn no_line_is_longer_than_a_narrow_terminal() {
    for (name, drawing) in of_all_hosts(map) {
        for line in drawing.lines() {
            assert_eq!(line, line.trim_end(), "{name}");
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

#[test]
fn json_has_what_the_picture_has() {
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    let arguments = ["map", "83:00.0", "--queue", "0=0,1=9", "--json", "--sysroot", root];
    let mut map = json(&arguments);
    let mut node = map.as_object_mut().unwrap().remove("bus").unwrap();
    for (address, role) in [
        ("0000:80:01.0", "root-port"),
        ("0000:81:00.0", "switch-port"),
        ("0000:82:00.0", "switch-port"),
    ] {
        assert_eq!((&node[0]["address"], &node[0]["role"]), (&address.into(), &role.into()));
        assert_eq!(node[0]["numa_node"], 1);
        node = node[0]["below"].take();
    }
    assert_eq!(node[0]["address"], "0000:83:00.0");
    assert_eq!(node[0]["function"]["tph"]["capability"]["table_entries"], 64);
    assert_json_snapshot!(map);
}

#[test]
fn the_picture_of_the_documentation_is_what_the_command_draws() {
    let drawn = svg(&known::behind_a_switch(), &["83:00.0", "--queue", "0=0,1=1,2=8,3=9"]);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/map.svg");
    if std::env::var_os("UPDATE_MAP").is_some() {
        std::fs::write(file, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap();
    assert!(drawn == kept, "docs/map.svg is old: write it anew with UPDATE_MAP=1, and look at it");
}

#[test]
fn a_small_host_as_svg() {
    assert_snapshot!(svg(&known::laptop(), &["--all"]));
}

/// Where a rectangle is: left, top, right, bottom.
fn frame(node: &roxmltree::Node<'_, '_>) -> [u32; 4] {
    let [x, y, width, height] = ["x", "y", "width", "height"]
        .map(|name| node.attribute(name).unwrap().parse::<u32>().unwrap());
    [x, y, x + width, y + height]
}

#[test]
fn every_svg_is_well_formed_and_nothing_in_it_overlaps_or_sticks_out() {
    for (name, drawing) in of_all_hosts(svg) {
        let document = roxmltree::Document::parse(&drawing).unwrap();
        let root = document.root_element();
        let view = root.attribute("viewBox").unwrap().split(' ').map(str::parse::<u32>);
        let view: Vec<_> = view.map(Result::unwrap).collect();
        let [0, 0, width, height] = view[..] else { panic!("{name}: {view:?}") };
        let all = || root.descendants().filter(roxmltree::Node::is_element);
        assert!(all().all(|node| node.tag_name().name() != "script"), "{name}");
        for tag in ["title", "desc"] {
            let labels = root.attribute("aria-labelledby").unwrap();
            let id = all().find(|node| node.attribute("id") == Some(tag)).unwrap();
            assert!(labels.contains(tag) && !id.text().unwrap().trim().is_empty(), "{name}");
        }
        let frames: Vec<_> = all().filter(|node| node.tag_name().name() == "rect").collect();
        for shape in &frames {
            let [_, _, right, bottom] = frame(shape);
            assert!(right <= width && bottom <= height, "{name}: {shape:?}");
        }
        for class in ["cpu", "cache", "socket", "port", "function"] {
            let of_class = |shape: &&roxmltree::Node<'_, '_>| {
                shape.attribute("class").unwrap().split(' ').next() == Some(class)
            };
            let places: Vec<_> = frames.iter().filter(of_class).map(frame).collect();
            for (number, a) in places.iter().enumerate() {
                for b in &places[number + 1..] {
                    let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                    assert!(apart, "{name}: two of {class}: {a:?}, {b:?}");
                }
            }
        }
    }
}

#[test]
fn every_cpu_is_drawn_once_and_says_what_it_polls() {
    let drawing = svg(&known::large(), &["01:00.0", "--queue", &many()]);
    let document = roxmltree::Document::parse(&drawing).unwrap();
    let titles = || document.descendants().filter(|node| node.tag_name().name() == "title");
    let said: Vec<_> = titles().filter_map(|title| title.text()).map(str::trim).collect();
    for cpu in 0..256 {
        let own = format!("CPU {cpu}");
        let of_cpu = |text: &&&str| **text == own || text.starts_with(&format!("{own} "));
        let found: Vec<_> = said.iter().filter(of_cpu).collect();
        assert_eq!(found.len(), 1, "{own}: {found:?}");
        assert_eq!(found[0].contains("polls"), cpu % 2 == 0 && cpu <= 180, "{own}: {found:?}");
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let tree = known::behind_a_switch();
    let root = tree.path().to_str().unwrap();
    let said = |arguments: &[&str]| {
        let answer = run(&[&["map"], arguments, &["--sysroot", root]].concat());
        assert_eq!(answer.out, "", "{arguments:?}");
        format!(
            "$ tph map {}\n{}exit code {}\n",
            arguments.join(" "),
            answer.err,
            answer.code.unwrap()
        )
    };
    let answers = [
        said(&["99:00.0"]),
        said(&["nonsense"]),
        said(&["83:00.0", "--queue", "0=99"]),
        said(&["83:00.0", "--queue", "0=1,0=2"]),
        said(&["83:00.0", "--queue", "0"]),
        said(&["--queue", "0=1"]),
        said(&["--svg", "/nowhere/at/all.svg"]),
    ];
    assert_snapshot!(answers.join("\n"));
}
