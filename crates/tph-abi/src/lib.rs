//! The VFIO interface for TLP Processing Hints: byte layouts and the dispatcher from bytes to rules.
