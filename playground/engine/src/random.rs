//! Randomness for tokens, UUIDs and jitter, from the operating system's seed that the standard library draws for its
//! hash maps. Good enough for a local run, where nothing has to be kept from an attacker.

use std::hash::{BuildHasher, RandomState};

/// Fresh random bytes.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let seed = RandomState::new();
    let mut bytes = [0; N];
    for (counter, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&seed.hash_one(counter).to_le_bytes()[..chunk.len()]);
    }
    bytes
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    let [a, b, c, d, e, f, g, h, i, rest @ ..] = bytes::<16>();
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let version = [g & 0x0f | 0x40, h];
    let variant = [i & 0x3f | 0x80, rest[0]];
    format!("{}-{}-{}-{}-{}", hex(&[a, b, c, d]), hex(&[e, f]), hex(&version), hex(&variant), hex(&rest[1..]))
}

/// A random number from 0 up to, not including, 1.
pub(crate) fn fraction() -> f64 {
    f64::from(u32::from_le_bytes(bytes())) / (f64::from(u32::MAX) + 1.0)
}
