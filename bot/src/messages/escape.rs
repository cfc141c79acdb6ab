//! Text that people typed, made safe for the place where it is shown.

/// Text without what could disturb its surroundings: control characters other than line breaks, and the
/// marks that reorder what is read or that nobody sees (Unicode TR 36, visual spoofing). The joiner of emoji stays.
pub fn clean(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !(c.is_control() || is_reordering(*c) || is_invisible(*c))).collect()
}

/// `clean` text on one line, with runs of white space as one space.
pub fn one_line(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    clean(&flat).split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_reordering(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200c}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Cuts text to at most `max` UTF-16 units, the largest count that a platform may make of it, and marks the cut.
pub fn cut(text: &str, max: usize) -> String {
    cut_pieces(text.chars().map(|c| c.encode_utf8(&mut [0; 4]).to_owned()), max)
}

/// Text for Slack's mrkdwn, cut after escaping and never inside an entity.
///
/// Escaping `&`, `<` and `>` is what Slack asks for (docs.slack.dev, formatting message text): it disarms
/// `<!channel>`, mentions and links.
pub fn mrkdwn(text: &str, max: usize) -> String {
    let text = clean(text);
    let pieces = text.chars().map(|c| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    });
    cut_pieces(pieces, max)
}

/// Joins pieces as long as they fit; what is left out is marked by an ellipsis, which counts.
fn cut_pieces(pieces: impl Iterator<Item = String>, max: usize) -> String {
    let mut out = String::new();
    let mut units = 0;
    let mut fits_with_mark = 0;
    for piece in pieces {
        units += piece.encode_utf16().count();
        if units > max {
            out.truncate(fits_with_mark);
            out.push('…');
            return out;
        }
        out.push_str(&piece);
        if units < max {
            fits_with_mark = out.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrkdwn_is_disarmed() {
        assert_eq!(mrkdwn("<!channel> & <http://x|y>", 100), "&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
        assert_eq!(mrkdwn("a\u{202e}b\u{7}c\nd", 100), "abc\nd");
    }

    #[test]
    fn a_cut_counts_the_escaped_text_and_splits_nothing() {
        assert_eq!(mrkdwn("a<b", 6), "a&lt;b");
        assert_eq!(mrkdwn("a<bc", 6), "a&lt;…");
        assert_eq!(mrkdwn("a<bc", 4), "a…");
        assert_eq!(cut("😀😀😀", 6), "😀😀😀");
        assert_eq!(cut("😀😀😀", 5), "😀😀…");
        assert_eq!(cut("😀😀😀", 1), "…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn one_line_keeps_words_apart() {
        assert_eq!(one_line(" a\r\n b\tc "), "a b c");
    }
}
