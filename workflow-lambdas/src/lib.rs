//! The functions of the reference workflow: `IsInputValid → Calculate → (double) → Finalize`.
//!
//! Each is a library function, so that the playground and the tests run the same code as Lambda; the binaries
//! only read the configuration and hand over. The state machine is `infra/state-machines/calculation.asl.json`.

pub mod calculate;
pub mod config;
pub mod double;
pub mod errors;
pub mod finalize;
pub mod is_input_valid;
