//! Putting back what is no longer as planned.

use tph::StIndex;
use vfio_tph::{Comparison, Drift, Enabled};

use super::{Event, Watch};
use crate::failure::Failure;
use crate::verbs::opened::{Carrier, Opened};

impl Watch<'_> {
    /// Puts back what can be, and says how that went. What cannot be is tried again at the next event.
    pub(super) fn repair<'a>(
        &self,
        opened: &'a Opened,
        tph: &mut Option<Enabled<Carrier<'a>>>,
        comparison: &Comparison,
    ) -> Result<(), Failure> {
        let device = self.file.device.as_str();
        if comparison.drifts.iter().any(is_of_the_table) {
            let what = "mode and entries";
            match self.repair_table(opened, tph, &comparison.drifts) {
                Ok(()) => Event::Repaired { device, what }.say(self.json)?,
                Err(why) => Event::NotRepaired { device, what, why }.say(self.json)?,
            }
        }
        self.repair_interrupts(device, comparison)
    }

    /// Turns TPH off and puts the plan on again; why that did not help.
    fn repair_table<'a>(
        &self,
        opened: &'a Opened,
        tph: &mut Option<Enabled<Carrier<'a>>>,
        drifts: &[Drift],
    ) -> Result<(), String> {
        let stray = |drift: &Drift| match drift {
            Drift::StrayEntry { index, .. } => Some(*index),
            _ => None,
        };
        let strays: Vec<_> = drifts.iter().filter_map(stray).collect();
        // Somebody may have turned it off: that fails then, and what is left is seen below.
        drop(tph.take());
        *tph = Some(self.put_on(opened, &strays).map_err(|error| error.to_string())?);
        // An entry that somebody else wrote is found only where registers show it.
        let seen = opened.see(None).map_err(|error| error.to_string())?;
        let now = self.file.plan(&seen.topology).drift(self.mode(), &seen);
        let left = now.drifts.iter().filter(|drift| is_of_the_table(drift));
        let left: Vec<_> = left.map(ToString::to_string).collect();
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }

    /// Turns TPH on with the entries of the plan, and makes these others 0.
    pub(super) fn put_on<'a>(
        &self,
        opened: &'a Opened,
        others: &[StIndex],
    ) -> Result<Enabled<Carrier<'a>>, Failure> {
        let mut device = opened.tph();
        device.capability()?;
        let mut tph = device.into_enabled(self.mode())?;
        tph.clear(others)?;
        tph.program(&self.file.batch())?;
        Ok(tph)
    }

    /// Sends interrupts to the CPUs of the plan.
    fn repair_interrupts(&self, device: &str, comparison: &Comparison) -> Result<(), Failure> {
        for drift in &comparison.drifts {
            let Drift::Interrupt { irq, planned, queue, .. } = drift else { continue };
            let what = format!("queue {queue} interrupts CPU {planned}");
            let path = format!("/proc/irq/{irq}/smp_affinity_list");
            match std::fs::write(&path, planned.to_string()) {
                Ok(()) => Event::Repaired { device, what: &what }.say(self.json)?,
                Err(error) => {
                    let why = format!("{path}: {error}");
                    Event::NotRepaired { device, what: &what, why }.say(self.json)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether programming the device again mends it.
fn is_of_the_table(drift: &Drift) -> bool {
    matches!(
        drift,
        Drift::Off { .. }
            | Drift::OtherMode { .. }
            | Drift::EmptyEntry { .. }
            | Drift::StrayEntry { .. }
            | Drift::EntryCount { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    use crate::plan_file::PlanFile;
    use crate::verbs::plan::PlaceArgs;
    use crate::verbs::watch::WatchArgs;
    use tph::{CpuId, MemoryType, TagSource};

    #[test]
    fn what_somebody_else_did_is_undone() {
        let text = "version = 1\ndevice = \"nic0\"\nmode = \"device-specific\"\n\
                    [[queue]]\nnumber = 0\ncpu = 3\nentry = 0\n\
                    [[entry]]\nindex = 0\ncpu = 3\nmemory = \"volatile\"\n";
        let file = PlanFile::parse("test", text).unwrap();
        let place = PlaceArgs { emulated: Some(None), sysroot: None };
        let args = WatchArgs { plan: "test".into(), report_only: false, pid: None, place };
        let watch = Watch { args: &args, file, json: true, process: Cell::new(None) };
        let opened = watch.open().unwrap();
        let mut tph = Some(watch.put_on(&opened, &[]).unwrap());
        let drifts = || {
            let seen = opened.see(None).unwrap();
            watch.file.plan(&seen.topology).drift(watch.mode(), &seen).drifts
        };
        assert_eq!(drifts(), []);
        let other = TagSource::Cpu { cpu: CpuId(9), memory: MemoryType::Volatile };
        opened.tph().program(&[(StIndex(5), other)]).unwrap();
        let found = drifts();
        assert!(matches!(found[..], [Drift::StrayEntry { index: StIndex(5), .. }]), "{found:?}");
        // Without its index it stays where it is, and that is not called repaired.
        let why = watch.repair_table(&opened, &mut tph, &[]).unwrap_err();
        assert_eq!(why, found[0].to_string());
        assert_eq!(watch.repair_table(&opened, &mut tph, &found), Ok(()));
        assert_eq!(drifts(), []);
        opened.tph().disable().unwrap();
        let found = drifts();
        assert_eq!(found, [Drift::Off { driver: None }]);
        assert_eq!(watch.repair_table(&opened, &mut tph, &found), Ok(()));
        assert_eq!(drifts(), [], "what somebody turned off is on again at once");
    }
}
