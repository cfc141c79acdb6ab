//! Names as people write them, in the form in which two of them are compared.

use icu_normalizer::ComposingNormalizerBorrowed;

use crate::visible::is_hidden;

/// The pattern of Braille without a dot, which Unicode counts among the symbols and which looks like a space.
const BRAILLE_BLANK: char = '\u{2800}';

/// A name in one width and one case, without what nobody sees and with one space between words. Two names that are
/// written alike are equal in this form, and one in which there is nothing to see is empty.
pub fn comparable(name: &str) -> String {
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let seen: String = normalizer.normalize(name).chars().map(spaced).filter(|c| !is_hidden(*c)).collect();
    // Upper case comes first, since some letters that are the same have their own lower case, as ß and SS.
    let folded = seen.to_uppercase().to_lowercase();
    let folded = normalizer.normalize(&folded);
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words of a name, in the same form.
pub fn words(name: &str) -> Vec<String> {
    let name = comparable(name);
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn spaced(c: char) -> char {
    if c.is_whitespace() || c == BRAILLE_BLANK { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_equal() {
        let ada = comparable("Ada Lovelace");
        for alike in [
            "ada lovelace",
            "  ADA\t\u{a0}Lovelace\n",
            "Ada\u{200b} Love\u{ad}lace",
            "\u{202e}Ada Lovelace\u{2066}",
            "Ａｄａ　Ｌｏｖｅｌａｃｅ",
            "Ada\u{2800}\u{3164}Lovelace\u{fe0f}\u{e0041}",
        ] {
            assert_eq!(comparable(alike), ada, "{alike:?}");
        }
        assert_eq!(comparable("Jose\u{301} Weiß"), comparable("JOSÉ WEISS"));
        assert_ne!(comparable("Ada Lovelace"), comparable("AdaLovelace"));
    }

    #[test]
    fn a_name_in_which_there_is_nothing_to_see_is_empty() {
        for blank in ["", " \t\n", "\u{200b}", "\u{3164}", "\u{2800}", "\u{ad}\u{34f}", "\u{115f}\u{1160}", "\u{e0041}"]
        {
            assert_eq!(comparable(blank), "", "{blank:?}");
        }
    }

    #[test]
    fn words_are_told_apart_by_what_is_no_letter_or_digit() {
        assert_eq!(words("Hopper, Grace.M-2"), ["hopper", "grace", "m", "2"]);
    }
}
