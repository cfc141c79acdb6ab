//! How long the texts of a request may be, and how much a message holds on each platform.
//!
//! They belong together: what a requester wrote is never cut, so the longest request has to fit the smallest message,
//! with room for what is ours and for votes. Tests of the cards hold that. `docs/your-workflow.md` prints `documented`.
//!
//! A character counts as it does on the platforms, in units of UTF-16, and as it is shown: most count 1, an emoji 2 or
//! more, and one that would be hidden counts as its escape.

use crate::visible;

/// A title; it is the header of the card in Slack.
pub const TITLE_MAX: usize = slack::HEADER_MAX;
/// A summary; it is one section of the card in Slack.
pub const SUMMARY_MAX: usize = slack::SECTION_MAX;
/// How many facts.
pub const FACTS_MAX: usize = 20;
/// The name of a fact.
pub const FACT_NAME_MAX: usize = 100;
/// The value of a fact, which shares a field of the card in Slack with its name.
pub const FACT_VALUE_MAX: usize = 1_800;
/// How many links.
pub const LINKS_MAX: usize = 5;
/// What a request says of a link.
pub const LINK_TEXT_MAX: usize = 100;
/// The address of a link.
pub const LINK_URL_MAX: usize = 1_000;
/// How many details.
pub const DETAILS_MAX: usize = 10;
/// The title of a detail; it is a header of a view in Slack.
pub const DETAIL_TITLE_MAX: usize = 100;
/// All details, by `cost`: what a card of Teams holds beside the longest request and some votes.
pub const DETAILS_TOGETHER_MAX: usize = 10_000;
/// How many values a request may ask of whoever approves.
pub const INPUTS_MAX: usize = 5;
/// What these take of a card of Teams, by `fields::form_cost`, beside the longest request and the longest comment.
pub const INPUTS_FORM_MAX: usize = 10_000;
/// What details and inputs take of a card of Teams together, beside the longest request.
pub const DETAILS_AND_INPUTS_MAX: usize = 17_000;
/// The longest answers of all whose approval is needed, as JSON. They go into the record and into the output whole, since
/// the next state acts on them.
pub const ANSWERS_MAX_BYTES: usize = 16 * 1024;
/// How many people may have to approve where inputs are asked for. The votes of more leave the record no room for them.
pub const ANSWERERS_MAX: usize = 20;
/// How many people and groups a request may name to decide it.
pub const APPROVERS_MAX: usize = 10;
/// The name of one of them.
pub const APPROVER_MAX: usize = 100;
/// Who asked, as the workflow says it.
pub const REQUESTED_BY_MAX: usize = 100;
/// Everything of a request that is shown, by `cost`: what a message of Slack has beside what is ours.
pub const TOGETHER_MAX: usize = 7_000;
/// The caller's own ids, which are not shown and travel with every event, as JSON.
pub const CORRELATION_MAX_BYTES: usize = 8_192;
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html>
pub const EXECUTION_ARN_MAX: usize = 256;
/// Step Functions' own limit on a state's timeout.
pub const TIMEOUT_MAX_SECONDS: i64 = 99_999_999;
/// What a person may write with a decision. Longer comments are refused, not cut: they go on record whole.
pub const COMMENT_MAX: usize = 2_000;

/// What Slack takes: <https://docs.slack.dev/reference/block-kit/blocks>.
pub mod slack {
    /// The text of a header.
    pub const HEADER_MAX: usize = 150;
    /// The text of a section.
    pub const SECTION_MAX: usize = 3_000;
    /// A field of a section.
    pub const FIELD_MAX: usize = 2_000;
    /// The fields of one section.
    pub const FIELDS_MAX: usize = 10;
    /// The elements of a context.
    pub const CONTEXT_ELEMENTS_MAX: usize = 10;
    /// The blocks of a message.
    pub const BLOCKS_MAX: usize = 50;
    /// All blocks of a message together, beyond which Slack answers `msg_blocks_too_long`. It is not documented, and was
    /// measured by others: 13,297 characters in one block, and 125 less for each divider beside it.
    /// <https://github.com/slackapi/bolt-js/issues/2509>, <https://github.com/slackapi/bolt-js/issues/2867>
    pub const MESSAGE_MAX: usize = 13_200;
    /// What a block costs beside its JSON, so that a divider costs the 125 that were measured.
    pub const BLOCK_COST: usize = 107;
    /// The blocks of a home: <https://docs.slack.dev/reference/views/home-tab-views>.
    pub const HOME_BLOCKS_MAX: usize = 100;
    /// A view has at most 250 kB (<https://docs.slack.dev/reference/methods/views.publish>), of which the requests that wait
    /// take no more than this.
    pub const HOME_MAX_BYTES: usize = 200_000;
    /// The `text` of a message: <https://docs.slack.dev/reference/methods/chat.update>.
    pub const TEXT_MAX: usize = 4_000;
}

/// What Teams takes.
pub mod teams {
    /// Teams takes messages of up to 80 kB in UTF-16 for sure. The rest of the 40,000 units is for what a card travels
    /// in. <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages>
    pub const CARD_MAX: usize = 37_500;
}

/// How long a text is, as it is shown.
pub fn length(text: &str) -> usize {
    visible::shown(text).encode_utf16().count()
}

/// What a text takes of a message, as it is shown: Slack keeps `&`, `<` and `>` as entities, JSON escapes quotation
/// marks, backslashes and line breaks, and two braces are kept apart in Teams.
pub fn cost(text: &str) -> usize {
    visible::shown(text).chars().map(cost_of).sum()
}

fn cost_of(c: char) -> usize {
    match c {
        '&' => 5,
        '<' | '>' => 4,
        '"' | '\\' | '{' | '\n' | '\r' | '\t' => 2,
        c => c.len_utf16(),
    }
}

/// The beginning of a text that costs at most `max`, with the mark of a cut where it is one.
pub fn excerpt(text: &str, max: usize) -> String {
    let shown = visible::shown(text);
    let (mut taken, mut whole, mut fits_with_mark) = (0, 0, 0);
    for (at, c) in shown.char_indices() {
        taken += cost_of(c);
        if taken > max {
            return format!("{}…", &shown[..fits_with_mark]);
        }
        whole = at + c.len_utf8();
        if taken < max {
            fits_with_mark = whole;
        }
    }
    shown[..whole].to_owned()
}

/// Something that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Problem {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Collects what is wrong with the texts of a request, so that all of it is told at once.
#[derive(Debug, Default)]
pub struct Check {
    /// What has been found.
    pub problems: Vec<Problem>,
    shown: usize,
}

impl Check {
    /// Notes a problem.
    pub fn note(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(Problem { field: field.into(), problem: problem.into() });
    }

    /// A line that names something, so that it has to be seen and to be what it looks like.
    pub fn name(&mut self, field: &str, text: &str, max: usize) {
        if self.seen(field, text) {
            self.line(field, text, max);
        }
    }

    /// Whether there is something to see in a text, which there has to be.
    pub fn seen(&mut self, field: &str, text: &str) -> bool {
        let is_seen = !visible::is_blank(text);
        if !is_seen {
            self.note(field, "must not be empty, and there is nothing to see in it");
        }
        is_seen
    }

    /// A line in which nothing is hidden; it may be empty.
    pub fn line(&mut self, field: &str, text: &str, max: usize) {
        if let Some(hidden) = visible::first_hidden(text) {
            self.note(field, format!("has the character U+{:04X}, which nobody sees", u32::from(hidden)));
        }
        self.text(field, text, max);
    }

    /// Any text.
    pub fn text(&mut self, field: &str, text: &str, max: usize) {
        self.at_most(field, length(text), max, "characters");
        self.shown += cost(text);
    }

    /// What is shown of a field beside its text.
    pub fn beside(&mut self, text: &str) {
        self.shown += cost(text);
    }

    /// A number of something.
    pub fn at_most(&mut self, field: &str, count: usize, max: usize, of: &str) {
        if count > max {
            self.note(field, format!("has {count} {of}, at most {max}"));
        }
    }

    /// All texts so far together.
    pub fn together(&mut self, field: &str, max: usize) {
        if self.shown > max {
            let counted = "& counting 5, < and > 4, quotation marks, backslashes, braces, line breaks and emoji 2";
            let shown = self.shown;
            self.note(field, format!("its texts have {shown} characters together, at most {max} ({counted})"));
        }
    }
}

/// The fields of the task input with their limits, as the documentation has them.
pub fn documented() -> Vec<(&'static str, String)> {
    let token = super::ids::TASK_TOKEN_MAX;
    vec![
        ("taskToken", format!("1 to {} characters", grouped(token))),
        (
            "executionArn",
            format!(
                "the ARN of a Standard execution where the deployment is or the policy lists accounts, {EXECUTION_ARN_MAX} characters"
            ),
        ),
        ("stateEnteredAt", "a time in RFC 3339".to_owned()),
        ("timeoutSeconds", format!("an integer from 1 to {}", grouped(TIMEOUT_MAX_SECONDS))),
        (
            "approval",
            format!(
                "all its texts but the details together {} characters; its details and its inputs with the longest \
                 answers {} characters of a card",
                grouped(TOGETHER_MAX),
                grouped(DETAILS_AND_INPUTS_MAX)
            ),
        ),
        ("approval.policy", "it must be there".to_owned()),
        ("approval.title", format!("1 to {TITLE_MAX} characters, not blank, none hidden")),
        ("approval.summary", format!("{} characters", grouped(SUMMARY_MAX))),
        ("approval.facts", format!("{FACTS_MAX} facts")),
        ("approval.facts[].name", format!("1 to {FACT_NAME_MAX} characters, not blank, none hidden")),
        (
            "approval.facts[].value",
            format!(
                "text, a number, a boolean or a list of these; {} characters as it is shown",
                grouped(FACT_VALUE_MAX)
            ),
        ),
        ("approval.links", format!("{LINKS_MAX} links")),
        ("approval.links[].text", format!("1 to {LINK_TEXT_MAX} characters, not blank, none hidden")),
        (
            "approval.links[].url",
            format!("it begins with `https://`; {} characters of a URL, no user name", grouped(LINK_URL_MAX)),
        ),
        (
            "approval.details",
            format!("{DETAILS_MAX} details, all their texts together {} characters", grouped(DETAILS_TOGETHER_MAX)),
        ),
        ("approval.details[].title", format!("1 to {DETAIL_TITLE_MAX} characters, not blank, none hidden")),
        ("approval.details[].text", "not blank".to_owned()),
        ("approval.risk", "`high`".to_owned()),
        (
            "approval.approvers",
            format!("1 to {APPROVERS_MAX} names of {APPROVER_MAX} characters, none hidden; all whom the policy allows"),
        ),
        (
            "approval.follows",
            "the id of an approval that an execution of the same state machine has asked for under the same policy"
                .to_owned(),
        ),
        ("approval.requestedBy", format!("{REQUESTED_BY_MAX} characters, none hidden")),
        ("approval.correlation", format!("{} bytes as JSON", grouped(CORRELATION_MAX_BYTES))),
    ]
}

/// A number with commas between thousands.
pub fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let first = (digits.len() + 2) % 3 + 1;
    let groups = digits.as_bytes()[first..].chunks(3);
    let rest: String = groups.map(|group| format!(",{}", String::from_utf8_lossy(group))).collect();
    format!("{}{rest}", &digits[..first])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_what_is_shown() {
        assert_eq!((length("a😀\u{202e}"), cost("a😀\u{202e}")), (11, 11));
        assert_eq!((length("&<>\"\\\n{"), cost("&<>\"\\\n{")), (7, 5 + 4 + 4 + 8));
    }

    #[test]
    fn an_excerpt_counts_what_its_text_costs_and_splits_nothing() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("a&b", 7, "a&b"),
            ("a&b", 6, "a…"),
            ("😀😀😀", 6, "😀😀😀"),
            ("😀😀😀", 5, "😀😀…"),
            ("😀", 1, "…"),
            ("", 0, ""),
        ] {
            assert_eq!(excerpt(text, max), expected, "{text} {max}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        let numbers = [0, 12, 150, 1_800, 99_999_999, 123_456];
        assert_eq!(numbers.map(grouped), ["0", "12", "150", "1,800", "99,999,999", "123,456"]);
    }
}
