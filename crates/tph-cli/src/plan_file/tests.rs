use tph::{CpuId, MemoryType};
use vfio_tph::CpuPresence;

use super::*;

const HEAD: &str = "version = 1\ndevice = \"0000:01:00.0\"\nmode = \"device-specific\"\n";

fn refused(text: &str) -> String {
    PlanFile::parse("plan.toml", text).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_back() {
    let cpus = (0..4).map(|id| vfio_tph::Cpu::new(CpuId(id), CpuPresence::Online)).collect();
    let host = Topology::new(cpus, Vec::new());
    let queues = [
        Queue::new(0, CpuId(3)),
        Queue::new(7, CpuId(1)).tied_to(StIndex(5)).in_memory(MemoryType::Persistent),
        Queue::new(8, CpuId(2)).interrupting_with(StIndex(4)),
    ];
    // One entry is tied, one is free: one CPU gets none.
    for entries in [6, 64] {
        let plan = Plan::new(entries, &host, &queues).unwrap();
        let file = PlanFile::new("nic0".into(), ModeArg::DeviceSpecific, &plan);
        let read = PlanFile::parse("x", &file.text().unwrap()).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.plan(&host), plan);
        assert_eq!(read.batch(), plan.batch());
    }
}

#[test]
fn the_file_is_for_people_too() {
    let queue = Queue::new(0, CpuId(3));
    let entry = PlannedEntry::new(StIndex(0), CpuId(3), MemoryType::Volatile);
    let file = PlanFile {
        device: "0000:01:00.0".into(),
        mode: ModeArg::DeviceSpecific,
        queues: vec![(queue, Some(StIndex(0)))],
        entries: vec![entry],
    };
    let expected = "\n[[queue]]\nnumber = 0\ncpu = 3\nentry = 0\n\n[[entry]]\nindex = 0\ncpu = 3\n";
    assert_eq!(file.text().unwrap(), format!("{HEAD}{expected}"));
}

#[test]
fn what_is_no_plan_is_refused_with_its_place() {
    let said = refused(&format!("{HEAD}[[queue]]\nnumber = 0\ncpu = three\n"));
    assert!(said.starts_with("plan.toml: TOML parse error at line 6, column 7"), "{said}");
    let said = refused(&format!("{HEAD}[[queue]]\nnumber = 0\ncpu = -3\n"));
    assert!(said.contains("line 6, column 7") && said.contains("-3"), "{said}");
    let said = refused(&format!("{HEAD}[[queue]]\nnumber = 0\ncpus = 3\n"));
    assert!(said.contains("line 6, column 1") && said.contains("unknown field `cpus`"), "{said}");
    let said = refused(&HEAD.replace("device-specific", "no-st"));
    assert!(said.contains("line 3, column 8") && said.contains("unknown variant"), "{said}");
    let said = refused("device = \"x\"\n");
    assert!(said.contains("missing field `version`"), "{said}");
    assert_eq!(
        refused(&format!("wheels = 4\n{}", HEAD.replace("version = 1", "version = 2"))),
        "plan.toml:2:11: version 2 of the format; this command knows 1"
    );
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let queue = |number: u32, rest: &str| format!("[[queue]]\nnumber = {number}\ncpu = 1\n{rest}");
    let entry = |index| format!("[[entry]]\nindex = {index}\ncpu = 1\n");
    let cases = [
        (queue(3, "") + &queue(3, ""), "8:10: queue 3 is named twice"),
        (entry(2) + &entry(2), "8:9: entry 2 is there twice"),
        (
            queue(3, "entry = 9\n") + &entry(2),
            "7:9: queue 3 uses entry 9, which the plan has not; add it as an [[entry]]",
        ),
        (
            queue(3, "tied = true\n"),
            "5:10: queue 3 is tied, but to no entry; say which with `entry`",
        ),
        (entry(2).replace("cpu = 1", "cpu = 4294967295"), "6:7: no CPU has the number 4294967295"),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&format!("{HEAD}{text}")), format!("plan.toml:{expected}"));
    }
}
