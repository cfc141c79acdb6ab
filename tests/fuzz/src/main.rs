//! What libFuzzer calls, once for each input that it makes up. The variable `COUNTERSIGN_FUZZ_TARGET` says which target
//! takes them.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| countersign_fuzz::chosen()(input));

#[cfg(not(fuzzing))]
fn main() {}
