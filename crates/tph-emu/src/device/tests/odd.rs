//! Devices that are not as most are.

use super::*;

#[test]
fn a_narrow_requester_sends_eight_bits() {
    for name in ["narrow", "completer-narrow"] {
        let bench = Bench::odd(name);
        bench.enable(StMode::DeviceSpecific).unwrap();
        bench.program(&[(6, 3)]).unwrap();
        bench.ring(0, 64, 6);
        assert_eq!(bench.bits_sent(0), Some(bench.bits_of(3, NARROW)), "{name}");
    }
}

#[test]
fn a_table_in_msix_works_for_vectors_that_are_set_up() {
    let bench = Bench::odd("msix-table");
    bench.enable(StMode::DeviceSpecific).unwrap();
    assert_eq!(bench.program(&[(1000, 1)]), Err(Errno::ENXIO));
    let nobody = Arc::new(AtomicU64::new(0));
    bench.device.set_interrupt(StIndex(1000), Some(Box::new(nobody))).unwrap();
    bench.program(&[(1000, 1)]).unwrap();
    bench.device.reset().unwrap();
    bench.device.set_bus_master(BusMaster::On).unwrap();
    bench.ring(0, 64, 1000);
    assert_eq!(bench.bits_sent(0), Some(bench.bits_of(1, WIDE)));
}

#[test]
fn tags_go_with_the_vectors_that_are_freed_also_while_memory_is_off() {
    for memory_off in [false, true] {
        let bench = Bench::odd("msix-table");
        let entry = |index| {
            bench.device.host().lock().endpoint(bench.device.function()).st_entry(StIndex(index))
        };
        assert_eq!(bench.device.free_interrupts(), Err(Errno::EINVAL));
        let nobody = Arc::new(AtomicU64::new(0));
        bench.device.set_interrupt(StIndex(7), Some(Box::new(nobody))).unwrap();
        bench.enable(StMode::DeviceSpecific).unwrap();
        bench.program(&[(7, 1)]).unwrap();
        bench.device.set_interrupt(StIndex(7), None).unwrap();
        assert_eq!(entry(7), Some(bench.bits_of(1, WIDE)), "its vector is still set up");
        if memory_off {
            bench.device.region_write(Region::Config, 4, &[0, 0]).unwrap();
            assert_eq!(bench.program(&[(7, 3)]), Err(Errno::EIO));
            assert_eq!(entry(7), Some(bench.bits_of(1, WIDE)), "the table is not reached");
        }
        bench.device.free_interrupts().unwrap();
        assert_eq!(entry(7), Some(0));
        assert_eq!(bench.enable(StMode::DeviceSpecific).is_ok(), memory_off);
        assert_eq!(bench.program(&[(7, 1)]), Err(Errno::ENXIO));
    }
}

#[test]
fn odd_devices_are_refused_or_taken_as_the_rules_say() {
    let ds = StMode::DeviceSpecific;
    let cases = [
        ("no-capability", ds, Err(Errno::EOPNOTSUPP)),
        ("too-many-entries", ds, Err(Errno::EINVAL)),
        ("reserved-location", ds, Err(Errno::EINVAL)),
        ("past-the-end", ds, Err(Errno::EINVAL)),
        ("no-msix", ds, Err(Errno::EINVAL)),
        ("no-modes", ds, Err(Errno::EINVAL)),
        ("reserved-bits", ds, Ok(())),
        ("completer-none", ds, Err(Errno::EINVAL)),
        ("completer-reserved", ds, Err(Errno::EINVAL)),
        ("integrated", ds, Ok(())),
        ("no-table", StMode::InterruptVector, Err(Errno::EINVAL)),
        ("flit", StMode::InterruptVector, Ok(())),
    ];
    for (name, mode, expected) in cases {
        assert_eq!(Bench::odd(name).enable(mode), expected, "{name}");
    }
}

#[test]
fn tags_that_firmware_does_not_name_are_not_programmed() {
    let cases = [
        ("no-firmware", Err(Errno::ENODEV)),
        ("integrated", Err(Errno::ENODEV)),
        ("only-volatile-8", Err(Errno::ENODATA)),
        ("only-volatile-16", Ok(())),
        ("only-persistent-8", Err(Errno::ENODATA)),
        ("only-persistent-16", Err(Errno::ENODATA)),
    ];
    for (name, expected) in cases {
        let bench = Bench::odd(name);
        bench.enable(StMode::DeviceSpecific).unwrap();
        assert_eq!(bench.program(&[(0, 1)]), expected, "{name}");
        assert_eq!(bench.program(&[(0, 2)]), Err(Errno::EINVAL), "CPU 2 is offline");
    }
}

#[test]
fn in_flit_mode_the_record_has_flit_headers() {
    let bench = Bench::odd("flit");
    bench.enable(StMode::DeviceSpecific).unwrap();
    bench.program(&[(0, 1)]).unwrap();
    bench.ring(0, 64, 0);
    let host = bench.device.host().lock();
    let record = host.last_packets(bench.device.function()).last().unwrap();
    let (request, _) = tph::tlp::decode(record.header.as_bytes(), tph::tlp::Framing::Flit).unwrap();
    assert_eq!(request.hint, record.hint);
    assert_eq!(request.requester_id, 0x0100);
}
