//! What of a text can be seen. Characters that show nothing, or that change the order in which the others are read, can
//! hide what a text says (<https://www.unicode.org/reports/tr36/>), so they are told apart here: by the properties of
//! Unicode, not by a list of ours.

use std::fmt::Write;

use icu_properties::props::{
    BinaryProperty, CanonicalCombiningClass, DefaultIgnorableCodePoint, EnumeratedProperty, ExtendedPictographic,
    GeneralCategory, Ideographic, JoiningType,
};

/// The text with an escape such as `[U+202E]` in the place of every hidden character. White space stays as it is.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (c, is_hidden) in characters(text) {
        if is_hidden {
            // Writing into a string does not fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The text without its hidden characters. What is left may be hidden in its new place, as a joiner that joins nothing.
pub fn without_hidden(text: &str) -> String {
    let mut text = text.to_owned();
    while first_hidden(&text).is_some() {
        text = characters(&text).filter_map(|(c, is_hidden)| (!is_hidden).then_some(c)).collect();
    }
    text
}

/// The first hidden character of a text.
pub fn first_hidden(text: &str) -> Option<char> {
    characters(text).find_map(|(c, is_hidden)| is_hidden.then_some(c))
}

/// Whether there is nothing to see in a text: no character but white space, hidden ones, and marks without a letter to
/// stand on.
pub fn is_blank(text: &str) -> bool {
    characters(text).all(|(c, is_hidden)| is_hidden || c.is_whitespace() || is_mark(c))
}

/// Each character, and whether it is hidden.
fn characters(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut before = None;
    let mut marks = 0;
    let mut left = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = left.next()?;
        marks = if is_mark(c) { marks + 1 } else { 0 };
        let is_hidden = is_hidden(c) && !is_needed(c, before, left.peek().copied()) || marks > MARKS_MAX;
        before = Some(c);
        Some((c, is_hidden))
    })
}

/// Whether a character by itself shows nothing, or changes how others are read. Scripts and emoji need some of them.
pub fn is_hidden(c: char) -> bool {
    let is_ours = matches!(GeneralCategory::for_char(c), GeneralCategory::Control | GeneralCategory::Format);
    !c.is_whitespace()
        && (is_ours
            || DefaultIgnorableCodePoint::for_char(c)
            || is_noncharacter(c)
            || BLANKS.contains(&c)
            || is_overlay(c))
}

/// Unicode counts these among the symbols, and they look like a space or like nothing: the blank of Braille, the object of
/// another program, a filler of Khitan, two blanks of Egyptian and the head of no note.
const BLANKS: [char; 6] = ['\u{2800}', '\u{fffc}', '\u{16fe4}', '\u{13441}', '\u{13442}', '\u{1d159}'];

/// More marks on one letter are no way to write, and cover the lines around it.
const MARKS_MAX: usize = 4;

/// Whether a mark strikes a letter out, or encloses it.
fn is_overlay(c: char) -> bool {
    matches!(c, '\u{334}'..='\u{338}' | '\u{488}' | '\u{489}' | '\u{20d2}' | '\u{20d3}' | '\u{20d8}'..='\u{20da}'
        | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e6}' | '\u{20ea}' | '\u{20eb}')
}

/// Unicode keeps these out of all text: <https://www.unicode.org/faq/private_use.html#nonchar1>.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

fn is_mark(c: char) -> bool {
    matches!(GeneralCategory::for_char(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

/// Whether scripts and emoji need this character where it stands.
fn is_needed(c: char, before: Option<char>, after: Option<char>) -> bool {
    const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
    const ZERO_WIDTH_JOINER: char = '\u{200d}';
    let Some(before) = before else { return false };
    match c {
        ZERO_WIDTH_JOINER if is_in_emoji(before) => after.is_some_and(ExtendedPictographic::for_char),
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => after.is_some_and(|after| is_between_letters(before, after)),
        // Text or emoji style, and the key caps of digits.
        '\u{fe0e}' | '\u{fe0f}' => {
            ExtendedPictographic::for_char(before) || after == Some('\u{20e3}') || Ideographic::for_char(before)
        }
        '\u{20e3}' => matches!(before, '0'..='9' | '#' | '*' | '\u{fe0f}'),
        // The forms of ideographs, which names are written with.
        '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}' => Ideographic::for_char(before),
        // The forms of Mongolian letters.
        '\u{180b}'..='\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        _ => false,
    }
}

fn is_in_emoji(c: char) -> bool {
    ExtendedPictographic::for_char(c) || matches!(c, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Whether a joiner between these two changes how they are written, as in Persian and in the scripts of India
/// (<https://www.rfc-editor.org/rfc/rfc5892#appendix-A.1>).
fn is_between_letters(before: char, after: char) -> bool {
    let is_virama = |c| CanonicalCombiningClass::for_char(c) == CanonicalCombiningClass::Virama;
    let joins = |c, types: &[JoiningType]| types.contains(&JoiningType::for_char(c)) && !is_hidden(c);
    is_virama(before)
        || is_virama(after)
        || joins(
            before,
            &[JoiningType::DualJoining, JoiningType::LeftJoining, JoiningType::RightJoining, JoiningType::Transparent],
        ) && joins(after, &[JoiningType::DualJoining, JoiningType::RightJoining, JoiningType::Transparent])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Zero width, soft hyphen, grapheme joiner, fillers, Mongolian, Braille, selectors, tags, directions, controls.
    const HIDDEN: &str = "\u{200b}\u{00ad}\u{034f}\u{115f}\u{1160}\u{3164}\u{ffa0}\u{17b4}\u{17b5}\u{180e}\u{2800}\
        \u{fe00}\u{fe0f}\u{e0001}\u{e0041}\u{e0100}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{061c}\u{200c}\u{200d}\
        \u{2060}\u{2064}\u{206a}\u{feff}\u{fff9}\u{1d173}\u{0}\u{7}\u{1b}\u{7f}\u{80}\u{fdd0}\u{ffff}\u{10ffff}\
        \u{fffc}\u{16fe4}\u{13441}\u{13442}\u{1d159}";

    #[test]
    fn what_shows_nothing_is_hidden_and_blank() {
        for c in HIDDEN.chars() {
            let text = format!("a{c}b");
            assert_eq!(first_hidden(&text), Some(c), "U+{:04X}", u32::from(c));
            assert_eq!(shown(&text), format!("a[U+{:04X}]b", u32::from(c)));
            assert!(is_blank(&c.to_string()) && !is_blank(&text), "U+{:04X}", u32::from(c));
        }
        assert!(is_blank(HIDDEN) && is_blank("") && is_blank(" \t\r\n\u{a0}\u{3000}\u{2028}") && is_blank("\u{301}"));
    }

    #[test]
    fn what_strikes_letters_out_or_covers_lines_is_hidden() {
        for overlay in ['\u{334}', '\u{335}', '\u{336}', '\u{338}', '\u{489}', '\u{20dd}', '\u{20e3}', '\u{20e5}'] {
            assert_eq!(shown(&format!("a{overlay}b")), format!("a[U+{:04X}]b", u32::from(overlay)));
        }
        assert_eq!(shown("e\u{301}\u{302}\u{303}\u{304}\u{305}"), "e\u{301}\u{302}\u{303}\u{304}[U+0305]");
        assert_eq!(first_hidden("1\u{20e3} #\u{fe0f}\u{20e3} ทั้ง שָׁ Việt e\u{301}"), None);
    }

    #[test]
    fn what_scripts_and_emoji_need_is_not_hidden() {
        for text in [
            "Grace, naïve, 9\u{202f}900\u{a0}000, 東京\u{3000}都, עברית, العربية",
            "👩🏽\u{200d}💻 ❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{20e3} 🇪🇺 👍🏿 ☎\u{fe0e} 🧑\u{200d}🤝\u{200d}🧑",
            "می\u{200c}خواهم کار\u{200c}ها",
            "क्\u{200d}ष क्\u{200c}ष ശ്രീ ന്\u{200d} ക\u{200d}് র\u{200d}্য",
            "葛\u{e0100}城 \u{8fbb}\u{fe00}",
            "ᠠ\u{180b}ᠮ",
        ] {
            assert_eq!(first_hidden(text), None, "{text:?}");
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn what_is_left_without_hidden_characters_has_none() {
        assert_eq!(
            without_hidden("a\u{200b}b 👩🏽\u{200d}💻\u{202e} می\u{200c}خواهم"),
            "ab 👩🏽\u{200d}💻 می\u{200c}خواهم"
        );
        assert_eq!(without_hidden("1\u{fe0f}\u{200d}👍"), "1👍");
    }

    #[test]
    fn a_joiner_that_joins_nothing_is_hidden() {
        for text in ["a\u{200d}b", "a\u{200c}b", "1\u{fe0f}2", "👍\u{200d}b", "د\u{200d}", "\u{200d}👍", "👍\u{200d}"]
        {
            assert!(first_hidden(text).is_some(), "{text:?}");
        }
    }
}
