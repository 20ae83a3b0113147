//! The rules of PCIe TLP Processing Hints: registers, steering tags, the requester's state machine.
