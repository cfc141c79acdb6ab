//! The two alphabets in use: a readable one for ids that people meet, base64url for what only links carry. And the one way
//! to write a number.

use std::sync::LazyLock;

use data_encoding::{BASE64URL_NOPAD, Encoding, Specification};
use serde_json::Number;

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

/// A number in digits, as few as tell it apart from others. For 0 and for sizes from 0.000001 to 10^21 it is what JavaScript
/// writes, and so the canonical form of RFC 8785 (<https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2.3>).
pub fn decimal(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        // Without the sign of a negative zero.
        Some(0.0) => "0".to_owned(),
        Some(number) => number.to_string(),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_javascript_writes_it() {
        for (json, expected) in [
            ("12", "12"),
            ("-7", "-7"),
            ("12.0", "12"),
            ("-0.0", "0"),
            ("0.1", "0.1"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("0.000001", "0.000001"),
            ("-123456.789", "-123456.789"),
            ("9007199254740991", "9007199254740991"),
            ("0.30000000000000004", "0.30000000000000004"),
        ] {
            assert_eq!(decimal(&serde_json::from_str(json).unwrap()), expected, "{json}");
        }
    }
}
