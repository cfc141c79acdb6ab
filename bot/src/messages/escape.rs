//! Text that people typed, made safe for the place where it is shown.

/// Text without what could disturb its surroundings: control characters other than line breaks, and the
/// marks that reorder what is read or that nobody sees (<https://www.unicode.org/reports/tr36/>, visual spoofing). The
/// joiner of emoji stays.
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
/// Escaping `&`, `<` and `>` is what Slack asks for: it disarms `<!channel>`, mentions and links.
/// <https://docs.slack.dev/messaging/formatting-message-text>
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

/// Text on one line for the Markdown of a Teams message, cut after escaping and never inside an escape.
///
/// What Teams reads as formatting is escaped: Markdown by a backslash, as CommonMark has it, and the signs of HTML and
/// of `<at>` mentions as entities, since Teams reads both. Braces are among them: Teams takes what stands between two
/// for an attribute and hides it. A bare address stays as it is: it leads where it says.
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>
pub fn markdown(text: &str, max: usize) -> String {
    let text = one_line(text);
    // A sign that starts a list, a heading or a rule does so only at the start, or after the number of a list.
    let start = text.find(|c: char| !c.is_ascii_digit());
    let pieces = text.char_indices().map(|(at, c)| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '~' => format!("\\{c}"),
        '#' | '-' | '+' | '=' | '.' | ')' if start == Some(at) => format!("\\{c}"),
        c => c.to_string(),
    });
    cut_pieces(pieces, max)
}

/// Text for a `TextRun` of an Adaptive Card, which knows no Markdown: only `{{DATE(…)}}` and `{{TIME(…)}}` have to be
/// broken, by a mark between the braces that nobody sees (the native renderers of Adaptive Cards read them in runs).
pub fn text_run(text: &str, max: usize) -> String {
    let text = clean(text);
    let mut previous = None;
    let pieces = text.chars().map(|c| match (previous.replace(c), c) {
        (Some('{'), '{') => "\u{2060}{".to_owned(),
        (_, c) => c.to_string(),
    });
    cut_pieces(pieces, max)
}

/// Words in the place of text in which nothing is left to see, which the platforms refuse or leave out.
pub fn visible(text: String) -> String {
    if text.trim().is_empty() { "(no text)".to_owned() } else { text }
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
        assert_eq!(markdown("a*b", 4), r"a\*b");
        assert_eq!(markdown("a*bc", 4), r"a\*…");
        assert_eq!(markdown("a*bc", 3), "a…");
        assert_eq!(text_run("{{a", 4), "{\u{2060}{a");
        assert_eq!(text_run("{{ab", 3), "{…");
        assert_eq!(cut("😀😀😀", 6), "😀😀😀");
        assert_eq!(cut("😀😀😀", 5), "😀😀…");
        assert_eq!(cut("😀😀😀", 1), "…");
        assert_eq!(cut("", 0), "");
    }

    #[test]
    fn markdown_is_disarmed() {
        let cases = [
            ("**Ada** _approved_ ~~it~~", r"\*\*Ada\*\* \_approved\_ \~\~it\~\~"),
            ("[here](https://evil.example)", r"\[here\](https://evil.example)"),
            ("![x](y) `code` \\*", r"!\[x\](y) \`code\` \\\*"),
            ("<at>Ada</at> & &lt;b>", "&lt;at&gt;Ada&lt;/at&gt; &amp; &amp;lt;b&gt;"),
            ("a {hidden} {{DATE(2026-11-23T10:10:00Z)}}", r"a \{hidden\} \{\{DATE(2026-11-23T10:10:00Z)\}\}"),
            ("# Heading", r"\# Heading"),
            ("- item", r"\- item"),
            ("---", r"\---"),
            ("+ item", r"\+ item"),
            ("===", r"\==="),
            ("> quote", "&gt; quote"),
            ("12. item", r"12\. item"),
            ("1) item", r"1\) item"),
            ("  \t# after white space", r"\# after white space"),
            ("a\n# b\r\n- c", "a # b - c"),
            ("Jean-Luc, 3.5 + 1 = 4.5 (about)", "Jean-Luc, 3.5 + 1 = 4.5 (about)"),
            ("a\u{202e}b\u{7}c", "abc"),
        ];
        for (text, expected) in cases {
            assert_eq!(markdown(text, 200), expected, "{text}");
        }
    }

    #[test]
    fn a_run_holds_no_function_of_adaptive_cards() {
        for braces in ["{{", "{{{", "{\u{200b}{", "{\u{2060}{", "{\u{7}{"] {
            let run = text_run(&format!("{braces}DATE(2026-11-23T10:10:00Z,SHORT)}}}}"), 100);
            assert!(!run.contains("{{") && run.ends_with("DATE(2026-11-23T10:10:00Z,SHORT)}}"), "{run:?}");
        }
        assert_eq!(text_run("*a* [b](c) <at>\nd", 100), "*a* [b](c) <at>\nd");
    }

    #[test]
    fn one_line_keeps_words_apart() {
        assert_eq!(one_line(" a\r\n b\tc "), "a b c");
    }
}
