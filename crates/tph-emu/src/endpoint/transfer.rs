//! What a doorbell starts: packets to memory, a record of each, an interrupt.

use tph::tlp::{self, Extent, Framing, MemoryRequest, RequestKind};

use super::{Endpoint, layout};
use crate::dma::Packet;
use crate::engine::{self, Queue, Status, pattern, registers};
use crate::scoreboard::Sent;

impl Endpoint {
    /// The most bytes in one packet: what the link is set to, but not more than the function can.
    pub(super) fn payload(&self) -> u32 {
        let control = self.config.dword(layout::DEVICE_CONTROL);
        (128_u32 << (control >> 5 & 7)).min(u32::from(self.profile.max_payload))
    }

    /// Carries out the doorbell of a queue.
    pub(super) fn transfer(&mut self, number: u16) {
        let Some(queue) = self.engine.queue_mut(number).copied() else {
            return;
        };
        let status = self.check(&queue).unwrap_or_else(|| self.send(number, &queue));
        if let Some(queue) = self.engine.queue_mut(number) {
            queue.finish(status);
        }
        self.interrupt(number, &queue);
    }

    /// What is wrong with a doorbell before anything is sent.
    fn check(&self, queue: &Queue) -> Option<Status> {
        if self.config.dword(layout::COMMAND) & layout::BUS_MASTER_ENABLE == 0 {
            return Some(Status::NotBusMaster);
        }
        let length = u64::from(queue.length());
        let fits = queue.target().checked_add(length).is_some();
        let allowed = (1..=u64::from(registers::MAX_LENGTH)).contains(&length) && fits;
        (!allowed).then_some(Status::BadLength)
    }

    fn send(&mut self, number: u16, queue: &Queue) -> Status {
        let hint = self.hint_of(queue);
        let length = usize::try_from(queue.length()).unwrap_or(usize::MAX);
        let data = pattern(number, queue.doorbells(), length);
        let mut rest = data.as_slice();
        for (address, bytes) in engine::packets(queue.target(), queue.length(), self.payload()) {
            let Some((payload, later)) = rest.split_at_checked(usize::from(bytes)) else {
                return Status::BadLength;
            };
            let Some(extent) = Extent::of(address, bytes) else {
                return Status::BadLength;
            };
            let request = MemoryRequest {
                kind: RequestKind::Write,
                extent,
                requester_id: self.profile.bdf.requester_id(),
                tag: number & 0xff,
                hint,
            };
            let framing = Framing::from(self.profile.framing);
            let Ok(header) = tlp::encode(&request, framing) else {
                return Status::BadLength;
            };
            let fault = self.io_map.write(address, payload, &Packet { header, framing }).is_err();
            self.recorder.record(&Sent { queue: number, address, bytes, hint, header, fault });
            if let Some(queue) = self.engine.queue_mut(number) {
                queue.sent(bytes);
            }
            if fault {
                return Status::Fault;
            }
            rest = later;
        }
        Status::Done
    }

    fn interrupt(&mut self, number: u16, queue: &Queue) {
        if !queue.raises_interrupt() {
            return;
        }
        let line = self.interrupts.get_mut(usize::from(queue.vector().0)).and_then(Option::as_mut);
        if let Some(line) = line {
            line.raise();
            if let Some(queue) = self.engine.queue_mut(number) {
                queue.raised();
            }
        }
    }
}
