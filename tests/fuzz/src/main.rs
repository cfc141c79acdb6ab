//! What libFuzzer calls, once for each input that it makes up. The variable `COUNTERSIGN_FUZZ_TARGET` says which target
//! takes them.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
static CHOSEN: std::sync::LazyLock<countersign_fuzz::Target> = std::sync::LazyLock::new(|| {
    let wanted = std::env::var("COUNTERSIGN_FUZZ_TARGET").expect("the variable names a target");
    let chosen = countersign_fuzz::TARGETS.into_iter().find(|(name, _)| *name == wanted);
    chosen.expect("the target is one of those that there are").1
});

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|input: &[u8]| CHOSEN(input));

#[cfg(not(fuzzing))]
fn main() {}
