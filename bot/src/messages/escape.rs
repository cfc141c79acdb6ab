//! Text that people typed, made safe for the place where it is shown. Nothing is left out of it: what would be hidden is
//! shown as an escape.

use crate::visible;

/// Text on one line, with runs of white space as one space.
pub fn one_line(text: &str) -> String {
    visible::shown(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text with its own line breaks.
pub fn lines(text: &str) -> String {
    let is_break = |c| matches!(c, '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    visible::shown(&text.replace("\r\n", "\n").replace(is_break, "\n"))
}

/// Text for Slack's mrkdwn, in which `&`, `<` and `>` are entities, so that `<!channel>`, mentions and links are text:
/// <https://docs.slack.dev/messaging/formatting-message-text>. Bold, code and emoji cannot be escaped there.
pub fn mrkdwn(text: &str) -> String {
    visible::shown(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text on one line for the Markdown of a Teams message.
///
/// What Teams reads as formatting is escaped: Markdown by a backslash, as CommonMark has it, and the signs of HTML and
/// of `<at>` mentions as entities, since Teams reads both. Braces are among them: Teams takes what stands between two
/// for an attribute and hides it. A bare address stays as it is: it leads where it says.
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>
pub fn markdown(text: &str) -> String {
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
    pieces.collect()
}

/// A name for a mention in Teams, whose text has to be found in the card letter by letter: what Markdown or HTML could read
/// otherwise is left out of it.
pub fn mention(name: &str) -> String {
    let plain = one_line(name).replace(['&', '<', '>', '\\', '`', '*', '_', '[', ']', '{', '}', '~', '#', '|'], " ");
    visible(one_line(&plain))
}

/// Text for a `TextRun` of an Adaptive Card, which knows no Markdown: only `{{DATE(…)}}` and `{{TIME(…)}}` have to be
/// broken, by a mark between the braces that nobody sees (the native renderers of Adaptive Cards read them in runs).
pub fn text_run(text: &str) -> String {
    // Once more for the pairs that the first pass makes of three braces.
    visible::shown(text).replace("{{", "{\u{2060}{").replace("{{", "{\u{2060}{")
}

/// Words in the place of text in which nothing is left to see, which the platforms refuse or leave out.
pub fn visible(text: String) -> String {
    if visible::is_blank(&text) { "(no text)".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mrkdwn_is_disarmed() {
        assert_eq!(mrkdwn("<!channel> & <http://x|y>"), "&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
        assert_eq!(mrkdwn("a\u{202e}b\u{7}c\nd"), "a[U+202E]b[U+0007]c\nd");
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
            ("a\u{202e}b\u{7}c", r"a\[U+202E\]b\[U+0007\]c"),
        ];
        for (text, expected) in cases {
            assert_eq!(markdown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_run_holds_no_function_of_adaptive_cards() {
        for braces in ["{{", "{{{", "{{{{", "{\u{200b}{", "{\u{2060}{", "{\u{7}{"] {
            let run = text_run(&format!("{braces}DATE(2026-11-23T10:10:00Z,SHORT)}}}}"));
            assert!(!run.contains("{{") && run.ends_with("DATE(2026-11-23T10:10:00Z,SHORT)}}"), "{run:?}");
        }
        assert_eq!(text_run("*a* [b](c) <at>\nd"), "*a* [b](c) <at>\nd");
    }

    #[test]
    fn a_mention_has_no_marks() {
        for (name, expected) in [
            ("Grace Hopper", "Grace Hopper"),
            ("*R&D* </at><at>Ada", "R D /at at Ada"),
            ("O'Brien-Łoś (EMEA)…", "O'Brien-Łoś (EMEA)…"),
            ("{{DATE(2026-11-23T10:00:00Z)}}", "DATE(2026-11-23T10:00:00Z)"),
            ("**", "(no text)"),
        ] {
            assert_eq!(mention(name), expected, "{name}");
        }
    }

    #[test]
    fn lines_and_words_are_kept_apart() {
        assert_eq!(one_line(" a\r\n b\tc\u{2028}d "), "a b c d");
        assert_eq!(lines("a\r\nb\rc\u{2028}d\te"), "a\nb\nc\nd\te");
    }
}
