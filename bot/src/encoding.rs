//! The two alphabets in use: a readable one for ids that people meet, base64url for what only links carry.

use std::sync::LazyLock;

use data_encoding::{BASE64URL_NOPAD, Encoding, Specification};

/// Crockford's base 32 in lower case: no letter that is mistaken for a digit.
static READABLE: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    #[expect(clippy::expect_used, reason = "the alphabet is a constant and a test reads it")]
    specification.encoding().expect("32 distinct symbols make an encoding")
});

/// Bytes as lower-case letters and digits.
pub fn readable(bytes: &[u8]) -> String {
    READABLE.encode(bytes)
}

/// The bytes behind `readable` text, or nothing if it is not such text.
pub fn from_readable(text: &str) -> Option<Vec<u8>> {
    READABLE.decode(text.as_bytes()).ok()
}

/// Bytes for use inside a URL.
pub fn url_safe(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The bytes behind `url_safe` text, or nothing if it is not such text.
pub fn from_url_safe(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}
