use super::*;
use crate::testing::{ConfigImage, endpoint, root_port};
use tph::{Completer, StMode};

fn dump(functions: &[(&str, &ConfigImage)]) -> Dump {
    let text: String = functions.iter().map(|(address, image)| image.dump(address)).collect();
    Dump::parse(&text).unwrap()
}

#[test]
fn registers_entries_and_the_port_above_are_read() {
    let bridge = endpoint().set(0x0c, 0x0001_0000).set(0x18, 0x0002_0200).set(0x40, 0x0052_0010);
    let dump = dump(&[("02:00.0", &endpoint()), ("00:1c.0", &root_port(1)), ("01:00.0", &bridge)]);
    let function = dump.function("2:0.0".parse().unwrap()).unwrap();
    let tph = function.tph().unwrap();
    assert_eq!(tph.entries, [0xa, 0xb, 0xc], "and not what lies behind them");
    assert_eq!(tph.control.unwrap().mode(), Some(StMode::DeviceSpecific));
    let port = function.root_port.unwrap();
    assert_eq!(port.address.to_string(), "0000:00:1c.0", "past the switch in between");
    assert_eq!(port.completer(), Ok(Completer::Tph));
}

#[test]
fn what_a_dump_cuts_off_is_unknown_and_not_absent() {
    for bytes in [64, 256] {
        let dump = dump(&[("1:0.0", &endpoint().cut(bytes))]);
        let function = &dump.functions().functions[0];
        let cut = Unreadable::CutOff { bytes: u16::try_from(bytes).unwrap() };
        assert_eq!(function.tph, Err(cut));
        assert_eq!(function.port_type.is_err(), bytes == 64);
    }
}

#[test]
fn a_conventional_function_is_all_there_in_256_bytes() {
    let conventional = endpoint().set(0x40, 0x0001_0001).cut(256);
    let dump = dump(&[("1:0.0", &conventional)]);
    let function = &dump.functions().functions[0];
    assert_eq!((function.port_type, function.tph.clone()), (Ok(None), Ok(None)));
}

#[test]
fn a_function_that_reads_as_ones_is_gone() {
    let gone = ConfigImage(vec![0xff; 4096]);
    let dump = dump(&[("1:0.0", &gone)]);
    let function = &dump.functions().functions[0];
    assert_eq!((function.ids, function.port_type), (None, Err(Unreadable::Gone)));
}

#[test]
fn bridges_that_lead_to_each_other_end_nowhere() {
    let up = endpoint().set(0x0c, 0x0001_0000).set(0x18, 0x0000_0100).set(0x40, 0x0052_0010);
    let dump = dump(&[("01:00.0", &up)]);
    assert_eq!(dump.functions().functions[0].root_port, None);
}

#[test]
fn an_address_that_the_dump_has_not_is_an_error() {
    let error = dump(&[("1:0.0", &endpoint())]).function("2:0.0".parse().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "0000:02:00.0: no such PCI function here");
}

/// Is interrupted by a signal before each piece.
struct Interrupted<'a> {
    text: &'a [u8],
    now: bool,
}

impl std::io::Read for Interrupted<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.now = !self.now;
        if self.now {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let piece = bytes.len().min(100);
        self.text.read(&mut bytes[..piece])
    }
}

#[test]
fn a_signal_while_it_is_read_is_no_error() {
    let text = endpoint().dump("01:00.0");
    let interrupted = Interrupted { text: text.as_bytes(), now: false };
    let images = parse::read(std::io::BufReader::new(interrupted)).unwrap().unwrap();
    let bytes = |images: &[Image]| images[0].bytes.clone();
    assert_eq!(bytes(&images), bytes(&parse::parse(&text).unwrap()));
}
