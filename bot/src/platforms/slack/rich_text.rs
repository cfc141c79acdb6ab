//! Words for Slack as rich text. What people typed is text in it and nothing else: it is not searched for bold, code,
//! emoji, mentions and links, as mrkdwn is (<https://docs.slack.dev/reference/block-kit/blocks/rich-text-block>).
//!
//! The words are ours in mrkdwn, with what people typed between `TYPED` and `OURS`.

use slack_morphism::blocks::{
    SlackBlock, SlackBlockMarkDownText, SlackBlockPlainText, SlackContextBlock, SlackContextBlockElement,
    SlackRichTextBlock, SlackRichTextChannel, SlackRichTextDate, SlackRichTextElement, SlackRichTextEmoji,
    SlackRichTextInlineElement, SlackRichTextLink, SlackRichTextQuote, SlackRichTextSection, SlackRichTextStyle,
    SlackRichTextText, SlackRichTextUser,
};
use slack_morphism::{SlackDateTime, SlackEmojiName, SlackRelaxedUrl};

use crate::approval::limits::slack::TEXT_MAX;
use crate::messages::dialect::{OURS, TYPED};
use crate::messages::escape::mrkdwn;

/// A block that says these words.
pub(super) fn block(words: &str) -> SlackBlock {
    SlackRichTextBlock::new(elements(words)).into()
}

/// A block that says these words small, each on its own. Slack has plain text beside mrkdwn there.
pub(super) fn context(words: &[String]) -> SlackBlock {
    let pieces = words.iter().flat_map(|words| pieces(words)).map(|piece| match piece {
        Piece::Typed(text) => SlackContextBlockElement::Plain(SlackBlockPlainText::new(text.into()).with_emoji(false)),
        Piece::Ours(text) => {
            SlackContextBlockElement::MarkDown(SlackBlockMarkDownText::new(text.into()).with_verbatim(true))
        }
    });
    SlackContextBlock::new(pieces.collect()).into()
}

/// The words for notifications and screen readers, as many lines of them as Slack takes beside blocks.
pub(super) fn fallback(words: &str) -> String {
    let pieces = pieces(words).into_iter().map(|piece| match piece {
        Piece::Typed(text) => mrkdwn(text),
        Piece::Ours(text) => text.to_owned(),
    });
    let whole: String = pieces.collect();
    let mut taken = 0;
    let fits = |line: &&str| {
        taken += line.encode_utf16().count();
        taken <= TEXT_MAX
    };
    whole.split_inclusive('\n').take_while(fits).collect()
}

enum Piece<'a> {
    Typed(&'a str),
    Ours(&'a str),
}

/// The words cut where one kind ends and the other begins.
fn pieces(words: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for part in words.split(OURS) {
        let (ours, typed) = part.split_once(TYPED).unwrap_or((part, ""));
        pieces.extend((!ours.is_empty()).then_some(Piece::Ours(ours)));
        pieces.extend((!typed.is_empty()).then_some(Piece::Typed(typed)));
    }
    pieces
}

/// Lines that are quotations, and sections of the others. What people typed has no line breaks.
fn elements(words: &str) -> Vec<SlackRichTextElement> {
    let mut elements = Vec::new();
    let mut section = Inline::default();
    for line in words.split('\n') {
        if let Some(quoted) = line.strip_prefix('>') {
            elements.extend(section.take().map(|inline| SlackRichTextSection::new(inline).into()));
            section.read(quoted);
            elements.extend(section.take().map(|inline| SlackRichTextQuote::new(inline).into()));
        } else {
            if !section.elements.is_empty() {
                section.text("\n");
            }
            section.read(line);
        }
    }
    elements.extend(section.take().map(|inline| SlackRichTextSection::new(inline).into()));
    elements
}

/// A line in the making.
#[derive(Default)]
struct Inline {
    elements: Vec<SlackRichTextInlineElement>,
    bold: bool,
    code: bool,
}

impl Inline {
    fn take(&mut self) -> Option<Vec<SlackRichTextInlineElement>> {
        let elements = std::mem::take(&mut self.elements);
        (!elements.is_empty()).then_some(elements)
    }

    fn read(&mut self, line: &str) {
        for piece in pieces(line) {
            match piece {
                Piece::Typed(text) => self.text(text),
                Piece::Ours(text) => self.ours(text),
            }
        }
    }

    fn ours(&mut self, mut left: &str) {
        while let Some(at) = left.find(['*', '`', '<', ':']) {
            let (before, mark) = left.split_at(at);
            self.text(before);
            left = match (&mark[..1], control(mark), emoji(mark)) {
                ("*", ..) => {
                    self.bold = !self.bold;
                    &mark[1..]
                }
                ("`", ..) => {
                    self.code = !self.code;
                    &mark[1..]
                }
                (_, Some((element, after)), _) => {
                    self.elements.push(element);
                    after
                }
                (_, None, Some((name, after))) => {
                    self.elements.push(SlackRichTextEmoji::new(SlackEmojiName::new(name.to_owned())).into());
                    after
                }
                _ => {
                    self.text(&mark[..1]);
                    &mark[1..]
                }
            };
        }
        self.text(left);
    }

    /// Adds text, to the text before it where that looks alike.
    fn text(&mut self, text: &str) {
        let style = (self.bold || self.code).then(|| SlackRichTextStyle {
            bold: self.bold.then_some(true),
            code: self.code.then_some(true),
            ..SlackRichTextStyle::new()
        });
        match self.elements.last_mut() {
            Some(SlackRichTextInlineElement::Text(last)) if last.style == style => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => self.elements.push(SlackRichTextText { text: text.to_owned(), style }.into()),
        }
    }
}

/// What stands between `<` and `>` at the beginning: a time, a person, a channel or a link.
fn control(text: &str) -> Option<(SlackRichTextInlineElement, &str)> {
    let (inside, after) = text.strip_prefix('<')?.split_once('>')?;
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.map(str::to_owned);
    let element = if let Some(date) = target.strip_prefix("!date^") {
        let (seconds, format) = date.split_once('^')?;
        let at = SlackDateTime::new(jiff::Timestamp::from_second(seconds.parse().ok()?).ok()?);
        SlackRichTextDate::new(at, format.to_owned()).opt_fallback(label).into()
    } else if let Some(user) = target.strip_prefix('@') {
        SlackRichTextUser::new(user.into()).into()
    } else if let Some(channel) = target.strip_prefix('#') {
        SlackRichTextChannel::new(channel.into()).into()
    } else {
        SlackRichTextLink::new(SlackRelaxedUrl::new(target.to_owned())).opt_text(label).into()
    };
    Some((element, after))
}

/// The name of an emoji at the beginning.
fn emoji(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.strip_prefix(':')?.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_name.then_some((name, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::messages::dialect::SLACK;

    #[test]
    fn words_of_ours_are_marked_up_and_what_people_typed_is_not() {
        let typed = "~not~ :x: *Approved* `a` <@U1> <!channel> >q\n>r";
        let words = format!(
            ":x: *By {}*, <!date^1700000000^{{date_short_pretty}} at {{time}}|14 Nov>: <@U2> in <#C3>\n{}\nsee <https://x.example/?a=1&b=2|it>, `/approvals show`",
            SLACK.text(typed),
            SLACK.quotation(typed, 100),
        );
        let typed = "~not~ :x: *Approved* `a` <@U1> <!channel> >q >r";
        let expected = json!({"type": "rich_text", "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "emoji", "name": "x"},
                {"type": "text", "text": " "},
                {"type": "text", "text": format!("By {typed}"), "style": {"bold": true}},
                {"type": "text", "text": ", "},
                {"type": "date", "timestamp": 1_700_000_000, "format": "{date_short_pretty} at {time}", "fallback": "14 Nov"},
                {"type": "text", "text": ": "},
                {"type": "user", "user_id": "U2"},
                {"type": "text", "text": " in "},
                {"type": "channel", "channel_id": "C3"},
            ]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": typed}]},
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "see "},
                {"type": "link", "url": "https://x.example/?a=1&b=2", "text": "it"},
                {"type": "text", "text": ", "},
                {"type": "text", "text": "/approvals show", "style": {"code": true}},
            ]},
        ]});
        assert_eq!(serde_json::to_value(block(&words)).unwrap(), expected);
        let fallback = fallback(&words);
        assert!(fallback.contains("By ~not~ :x: *Approved* `a` &lt;@U1&gt; &lt;!channel&gt; &gt;q &gt;r*, <!date^"));
        assert!(!fallback.contains([TYPED, OURS]));
    }

    #[test]
    fn nobody_can_type_the_end_of_what_is_typed() {
        let words = SLACK.text(&format!("a{OURS}*b*{TYPED}"));
        let text = json!({"type": "text", "text": "a[U+FDD1]*b*[U+FDD0]"});
        let expected = json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]}]});
        assert_eq!(serde_json::to_value(block(&words)).unwrap(), expected);
    }
}
