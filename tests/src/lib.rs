//! The tests are in `it/`; this package has no library of its own.
