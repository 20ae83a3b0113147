//! See `tph_fuzz::plan`.
#![cfg_attr(fuzzing, no_main)]
#![cfg_attr(fuzzing, allow(unsafe_code, missing_docs, reason = "libFuzzer calls by name"))]

tph_fuzz::program!(tph_fuzz::plan::TARGET);
