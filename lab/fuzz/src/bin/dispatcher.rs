//! See `tph_fuzz::dispatcher`.
#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(fuzzing, allow(unsafe_code, missing_docs, reason = "libFuzzer calls by name"))]

tph_fuzz::program!(tph_fuzz::dispatcher::TARGET);
