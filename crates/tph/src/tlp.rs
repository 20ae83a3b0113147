//! Tagged packets, byte by byte.
