//! What people type, read as they see it.

use crate::visible::is_hidden;

/// Text as whoever typed it sees it: nothing that is invisible, and a space for white space of every kind. Text that is
/// pasted brings both along, and so do the editors of the chats.
pub fn seen(typed: &str) -> String {
    let spaced: String =
        typed.chars().filter(|c| !is_hidden(*c)).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// Quotation marks and code ticks, which words that are copied bring along.
pub fn is_quote(c: char) -> bool {
    matches!(c, '`' | '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' | '‹' | '›')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_not_there_and_every_white_space_is_a_space() {
        let cases = [
            ("125\u{200b} 122", "125 122"),
            ("\u{feff}pending\u{200b}\u{2060}", "pending"),
            ("\u{202a}show\u{a0}apr_1\u{202c}", "show apr_1"),
            ("\u{2068}1\u{2069}\u{202f}\u{2007}2", "1  2"),
            ("a\tb\r\nc\u{2028}d\u{3000}e", "a b  c d e"),
            ("1\u{ad}2\u{34f}3\u{fe0f}4\u{e0041}5\u{3164}6", "123456"),
            ("start \u{7}1", "start 1"),
            ("é ñ 中 ١٢", "é ñ 中 ١٢"),
            (" \u{200b} ", ""),
        ];
        for (typed, expected) in cases {
            assert_eq!(seen(typed), expected, "{typed:?}");
        }
    }
}
