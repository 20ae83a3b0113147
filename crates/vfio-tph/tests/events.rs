//! What a program hears that subscribes to `tracing`: and nothing is written for any other.

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::{Counted, cpu, open};
use tph_emu::{BarRange, EmuDevice, EmuFile, Region};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use vfio_tph::{CpuId, Descriptor, DmaBufHint, DmaBufTags, Errno, Error, ExportDmaBuf};
use vfio_tph::{
    FeatureNumber, FeatureTransport, MemoryType, ProcessingHint, RequesterType, StIndex, StMode,
};
use vfio_tph::{Tag8, TphDevice, Transport, VfioFunction};

/// An event: its level, and its fields by name.
#[derive(Debug)]
struct Heard(Level, BTreeMap<String, String>);

impl Heard {
    fn field(&self, name: &str) -> &str {
        self.1.get(name).map_or("", String::as_str)
    }
}

impl Visit for Heard {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.1.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.1.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Heard>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("vfio_tph")
    }

    fn event(&self, event: &Event<'_>) {
        let mut heard = Heard(*event.metadata().level(), BTreeMap::new());
        event.record(&mut heard);
        self.0.lock().unwrap().push(heard);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What was heard while `work` ran.
fn heard(work: impl FnOnce()) -> Vec<Heard> {
    let listener = Listener::default();
    tracing::subscriber::with_default(listener.clone(), work);
    Arc::into_inner(listener.0).unwrap().into_inner().unwrap()
}

fn lines(heard: &[Heard]) -> Vec<(Level, &str, &str)> {
    heard.iter().map(|event| (event.0, event.field("message"), event.field("step"))).collect()
}

#[test]
fn each_step_of_a_device_is_an_event_with_its_name() {
    let mut transport = Counted::new(open("msix-table"));
    common::connect(&transport.device, 0..2048);
    let batch: Vec<_> = (0..2048).chain(0..1).map(|index| (StIndex(index), cpu(0))).collect();
    let heard = heard(|| {
        let device = TphDevice::new(&mut transport, "nic0");
        let mut on = device.into_enabled(StMode::DeviceSpecific).unwrap();
        on.program(&batch).unwrap();
        on.disable().unwrap();
    });
    assert!(heard.iter().all(|event| event.field("device") == "nic0"), "{heard:?}");
    let done = |step| (Level::DEBUG, "done", step);
    assert_eq!(
        lines(&heard),
        [
            (Level::TRACE, "adopted", ""),
            done("enabling device-specific mode"),
            done("programming 2048 ST entries"),
            done("programming entries 2048 to 2048 of the batch"),
            done("clearing 2048 ST entries"),
            done("turning TPH off"),
        ]
    );
}

#[test]
fn each_question_is_an_event_and_those_that_look_for_a_cause_are_none() {
    let asks = "asking for the TPH capability";
    let done = |step| (Level::DEBUG, "done", step);
    let questions = heard(|| {
        let mut transport = Counted::new(open("only-volatile-16"));
        let mut tph = TphDevice::new(&mut transport, "nic0");
        tph.interface().unwrap();
        tph.capability().unwrap();
        tph.entries(&[StIndex(0), StIndex(1)]).unwrap();
        let mut on = tph.enable(StMode::DeviceSpecific).unwrap();
        on.program(&[(StIndex(0), cpu(0)), (StIndex(1), cpu(2))]).unwrap_err();
    });
    assert_eq!(
        lines(&questions[1..]),
        [
            done(asks),
            done(asks),
            done("asking about 2 ST entries"),
            done("enabling device-specific mode"),
            (Level::DEBUG, "refused", "programming 2 ST entries"),
            done("turning TPH off"),
        ]
    );
    assert!(questions[5].field("error").contains("entry 1 of the batch is for CPU 2"));
    let tags = heard(|| {
        let mut transport = Counted::new(open("no-table"));
        let mut on =
            TphDevice::new(&mut transport, "nic0").into_enabled(StMode::DeviceSpecific).unwrap();
        on.tags(&[(CpuId(0), MemoryType::Volatile)]).unwrap();
        on.tags(&[(CpuId(0), MemoryType::Volatile), (CpuId(2), MemoryType::Volatile)]).unwrap_err();
        on.leave_on();
    });
    assert_eq!(
        lines(&tags[2..]),
        [done("asking for tags 0 to 0"), (Level::DEBUG, "refused", "asking for tags 0 to 1")]
    );
}

/// Keeps what it exported open.
struct Exporter(EmuDevice, Vec<EmuFile>);

impl Transport for Exporter {
    fn call(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.0.call(request)
    }
}

impl FeatureTransport for Exporter {
    fn dma_buf_tph(&mut self) -> Result<FeatureNumber, Errno> {
        self.0.dma_buf_tph()
    }

    fn feature(&mut self, request: &mut [u8]) -> Result<(), Errno> {
        self.0.feature(request)
    }
}

impl ExportDmaBuf for Exporter {
    type Buffer = Descriptor;

    fn export_dma_buf(&mut self, bar: u32, ranges: &[(u64, u64)]) -> Result<Descriptor, Errno> {
        let region = Region::from_index(bar).ok_or(Errno::ENODEV)?;
        let ranges: Vec<_> =
            ranges.iter().map(|&(offset, length)| BarRange { offset, length }).collect();
        let file = self.0.export_dma_buf(region, &ranges)?;
        let number = file.number();
        self.1.push(file);
        Ok(Descriptor(number))
    }
}

#[test]
fn each_step_about_a_dma_buf_is_an_event() {
    let heard = heard(|| {
        let mut tph = TphDevice::new(Exporter(open("accelerators"), Vec::new()), "acc0");
        tph.probe_dma_buf_tags().unwrap();
        tph.export_dma_buf(4, &[]).unwrap_err();
        let buffer = tph.export_dma_buf(4, &[(0, 0x1000)]).unwrap();
        let tags = DmaBufTags::Apart { standard: Some(Tag8(7)), extended: None };
        tph.set_dma_buf_tags(buffer, DmaBufHint { tags, hint: ProcessingHint::Target }).unwrap();
        tph.dma_buf_tag(buffer, RequesterType::Tph).unwrap();
        tph.dma_buf_tag(buffer, RequesterType::ExtendedTph).unwrap_err();
    });
    assert!(heard.iter().all(|event| event.field("device") == "acc0"), "{heard:?}");
    let done = |step| (Level::DEBUG, "done", step);
    let refused = |step| (Level::DEBUG, "refused", step);
    assert_eq!(
        lines(&heard[1..]),
        [
            done("asking whether its dma-bufs can have tags"),
            refused("exporting memory of BAR 4"),
            done("exporting memory of BAR 4"),
            done("setting the tags of a dma-buf"),
            done("asking for the 8-bit tag of a dma-buf"),
            refused("asking for the 16-bit tag of a dma-buf"),
        ]
    );
    let errnos = [&heard[2], &heard[6]].map(|event| event.field("errno"));
    assert_eq!(errnos, ["EINVAL", "EOPNOTSUPP"]);
}

#[test]
fn a_refusal_is_an_event_with_its_number_and_all_of_its_text() {
    let heard = heard(|| {
        let device = open("only-persistent-16"); // The firmware has no tags for volatile memory.
        let mut on = TphDevice::new(&device, "nic0").into_enabled(StMode::DeviceSpecific).unwrap();
        on.program(&[(StIndex(0), cpu(1))]).unwrap_err();
        on.leave_on();
    });
    let refused = heard.last().unwrap();
    assert_eq!((refused.0, refused.field("message")), (Level::DEBUG, "refused"));
    assert_eq!(refused.field("errno"), "ENODATA");
    assert_eq!(refused.field("step"), "programming 1 ST entry");
    assert!(refused.field("error").contains("the firmware names no such tag"), "{refused:?}");
}

#[test]
fn a_cleanup_that_fails_where_nobody_asks_is_a_warning() {
    let mut transport =
        Counted { fails: Some((2, Errno::EIO)), ..Counted::new(open("only-volatile-16")) };
    let heard = heard(|| {
        let device = TphDevice::new(&mut transport, "nic0");
        let mut on = device.into_enabled(StMode::DeviceSpecific).unwrap();
        on.program(&[(StIndex(0), cpu(1))]).unwrap();
    });
    let warnings: Vec<_> = heard.iter().filter(|event| event.0 == Level::WARN).collect();
    let [warning] = warnings[..] else { panic!("{heard:?}") };
    assert_eq!((warning.field("message"), warning.field("device")), ("not cleaned up", "nic0"));
    assert!(warning.field("error").contains("clearing 1 ST entry: EIO"), "{warning:?}");
}

#[test]
fn a_device_that_cannot_be_opened_is_an_event() {
    let mut error = None;
    let heard = heard(|| {
        error = VfioFunction::open("fffe:fe:1f.7".parse().unwrap()).err();
    });
    let error = error.unwrap();
    let step = match &error {
        Error::Open { step, .. } => step.to_string(),
        _ => String::new(),
    };
    assert_eq!(lines(&heard), [(Level::DEBUG, "not opened", step.as_str())]);
    let errno = error.errno().map(|errno| errno.to_string()).unwrap_or_default();
    assert_eq!((heard[0].field("device"), heard[0].field("errno")), ("fffe:fe:1f.7", &*errno));
    assert_eq!(heard[0].field("error"), error.to_string());
}
