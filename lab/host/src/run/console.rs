//! Reading what the guest's kernel said, and telling complaints from chatter.

use std::fs;
use std::path::Path;

/// What a kernel prints when something is wrong; see the kernel's lib/bug.c, kernel/panic.c,
/// kernel/locking/lockdep.c, mm/kasan/report.c, lib/ubsan.c and their like; what leaked is printed by init.
const COMPLAINTS: [&str; 24] = [
    "WARNING:",
    "BUG:",
    "INFO: task ",
    "INFO: rcu",
    "rcu: INFO:",
    "Oops",
    "Call Trace:",
    "Kernel panic",
    "cut here",
    "general protection fault",
    "unable to handle",
    "possible circular locking",
    "possible recursive locking",
    "suspicious RCU usage",
    "inconsistent lock state",
    "UBSAN:",
    "KASAN:",
    "KCSAN:",
    "refcount_t:",
    "corruption",
    "soft lockup",
    "unreferenced object",
    "INFO: lockdep is turned off",
    "unknown parameter",
];
/// What it prints of a flaw that the processor has which QEMU plays.
const FLAW: &str = "/hw-vuln/";
/// What lockdep says first of locks that are taken in a circle, and behind what it shows the stack.
const CIRCLE: &str = "possible circular locking";
const STACK: &str = "Call Trace:";
/// The circle that Linux 7.3 itself makes in each removal of a card from its slot: one lock of pciehp's is
/// let go and taken again while the other is held.
const CIRCLE_OF_REMOVALS: [[&str; 2]; 2] = [
    ["(&ctrl->reset_lock)", "at: pciehp_unconfigure_device+"],
    ["(pci_rescan_remove_lock)", "at: pciehp_unconfigure_device+"],
];
/// So many lines behind the first both locks have been named.
const NAMED: usize = 10;
/// How many lines of context a person wants to see.
const TAIL: usize = 25;

/// The lines of a console log that complain.
pub(super) fn complaints(log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().collect();
    let mut complaints = Vec::new();
    // A report that is passed over ends with its stack.
    let mut passed_over = false;
    for (at, line) in lines.iter().enumerate() {
        if line.contains(CIRCLE) && is_circle_of_removals(&lines[at..]) {
            passed_over = true;
        } else if passed_over && line.contains(STACK) {
            passed_over = false;
        } else if COMPLAINTS.iter().any(|complaint| line.contains(complaint))
            && !line.contains(FLAW)
        {
            complaints.push(line.trim_end().to_owned());
        }
    }
    complaints
}

/// Whether a report of lockdep's is about nothing but pciehp's own two locks.
fn is_circle_of_removals(report: &[&str]) -> bool {
    let head = &report[..report.len().min(NAMED)];
    CIRCLE_OF_REMOVALS
        .iter()
        .all(|parts| head.iter().any(|line| parts.iter().all(|part| line.contains(part))))
}

/// What the console says so far; a guest may print bytes that are no text.
pub(super) fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Its last lines.
pub(super) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_found_and_chatter_is_not() {
        for line in [
            "[   12.3] ------------[ cut here ]------------",
            "[   12.3] WARNING: CPU: 1 PID: 80 at drivers/vfio/vfio_main.c:99 vfio_free+0x1/0x2",
            "[   12.3] BUG: kernel NULL pointer dereference, address: 0000000000000008",
            "[   12.3] Oops: Oops: 0002 [#1] SMP NOPTI",
            "[   12.3] WARNING: possible circular locking dependency detected",
            "[   12.3] BUG: KASAN: slab-use-after-free in foo+0x1/0x2",
            "[   12.3] INFO: task tests:80 blocked for more than 120 seconds.",
            "[   12.3] vfio_pci_tph: unknown parameter 'bogus' ignored",
            "[   12.3] BUG: sleeping function called from invalid context at mm/slab.h:1",
            "[   12.3] [ BUG: Invalid wait context ]",
            "unreferenced object 0xffff888004f3d000 (size 2048):",
            "[   12.3] UBSAN: shift-out-of-bounds in foo.c:1:2",
            "[   12.3] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000000",
        ] {
            assert_eq!(complaints(&format!("[    1.0] quiet\n{line}\r\n")), [line]);
        }
        for line in [
            "[    0.9] Warning: unable to open an initial console.",
            "[    2.1] vfio_pci_tph: loading out-of-tree module taints kernel.",
            "[    1.5] ACPI: bus type USB registered",
            "[    0.1] Return Stack: WARNING: See https://kernel.org/admin-guide/hw-vuln/srso.html",
        ] {
            assert_eq!(complaints(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn the_circle_that_linux_makes_in_a_removal_is_no_complaint_and_others_are() {
        let report = |wanted: &str, held: &str, behind: &str| {
            complaints(&format!(
                "[  419.1] WARNING: possible circular locking dependency detected\n\
                 [  419.1] irq/32-pciehp/57 is trying to acquire lock:\n\
                 [  419.1] ff11 ({wanted}){{.+.+}}-{{4:4}}, at: pciehp_unconfigure_device+0x185/0x220\n\
                 [  419.1] but task is already holding lock:\n\
                 [  419.1] ffff ({held}){{+.+.}}-{{4:4}}, at: pciehp_unconfigure_device+0xd7/0x220\n\
                 [  419.1] stack backtrace:\n\
                 [  419.1] Call Trace:\n{behind}"
            ))
        };
        let [reset, rescan] = ["&ctrl->reset_lock", "pci_rescan_remove_lock"];
        assert_eq!(report(reset, rescan, ""), Vec::<String>::new());
        assert_eq!(report(reset, rescan, "[  420.0] Call Trace:"), ["[  420.0] Call Trace:"]);
        let bug = "[  420.0] BUG: KASAN: slab-use-after-free in foo+0x1/0x2";
        assert_eq!(report(reset, rescan, bug), [bug]);
        assert_eq!(report("&tdev->tph_lock", rescan, "").len(), 2);
        assert_eq!(report(reset, "&tdev->tph_lock", "").len(), 2);
    }

    #[test]
    fn the_tail_is_the_last_lines_that_say_something() {
        let lines: Vec<String> = (0..40).map(|line| format!("{line}\r\n\r\n")).collect();
        let log = lines.concat();
        assert!(tail(&log).starts_with("15\n16\n"));
        assert!(tail(&log).ends_with("39"));
        assert_eq!(tail("only\n"), "only");
    }
}
