//! Who somebody is on a platform, what the ids of the platforms look like, and what the policy calls them.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

use super::place::Platform;

/// What the id of an organisation begins with.
pub const ORGANISATION: char = 'E';
/// Real ids have 9 to 11 characters, and have grown before.
const SLACK_ID_MAX: usize = 32;
/// How the ids of conversations in Teams end: channels, group chats, older channels, chats of two people.
const TEAMS_ENDINGS: [&str; 4] = ["@thread.tacv2", "@thread.v2", "@thread.skype", "@unq.gbl.spaces"];
/// How many hexadecimal digits stand between the hyphens of a GUID.
const GUID: [usize; 5] = [8, 4, 4, 4, 12];

/// A chat, as far as the policy goes.
pub struct Chat {
    /// Which it is.
    pub platform: Platform,
    /// A person of it.
    pub user: IdKind,
    /// Whom `[access]` lets in: people of this workspace, organisation or tenant.
    pub place: IdKind,
    /// Where cards go.
    pub conversation: IdKind,
    /// Whether its users and places have GUIDs, which are the same in upper and lower case, and which nobody shares.
    pub has_guids: bool,
}

/// One kind of id.
pub struct IdKind {
    /// The key of the policy that holds it.
    pub key: &'static str,
    /// Whether text can be one.
    pub is: fn(&str) -> bool,
    /// What one is, with what it looks like.
    pub looks: &'static str,
}

/// Every chat that the policy can name.
pub const CHATS: [Chat; 2] = [
    Chat {
        platform: Platform::Slack,
        user: IdKind {
            key: "slack",
            is: is_slack_user,
            looks: "a Slack user id, which is U or W and upper-case letters and digits",
        },
        place: IdKind {
            key: "slack_teams",
            is: is_slack_team,
            looks: "the id of a Slack workspace, T…, or of an organisation, E…, in upper-case letters and digits",
        },
        conversation: IdKind {
            key: "slack_channel",
            is: is_slack_conversation,
            looks: "the id of a Slack channel, such as C0789",
        },
        has_guids: false,
    },
    Chat {
        platform: Platform::Teams,
        user: IdKind { key: "teams", is: is_guid, looks: "an Entra object id, which is a GUID" },
        place: IdKind { key: "teams_tenants", is: is_guid, looks: "the id of an Entra tenant, which is a GUID" },
        conversation: IdKind {
            key: "teams_conversation",
            is: is_teams_conversation,
            looks: "the id of a Teams conversation without a thread, such as 19:…@thread.tacv2",
        },
        has_guids: true,
    },
];

impl Chat {
    /// Whether an id means one person in all of these places: no two have the same GUID, and the workspaces of an
    /// organisation know its people by one id.
    pub fn is_shared(&self, places: &[&str]) -> bool {
        self.has_guids || places.iter().any(|place| place.starts_with(ORGANISATION))
    }

    /// An id of a user or a place in the form in which ids are compared.
    pub fn normal(&self, id: &str) -> String {
        if self.has_guids { id.to_lowercase() } else { id.to_owned() }
    }
}

/// Somebody on a chat platform: an id, and where alone it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatIdentity {
    /// The Slack workspace or organisation, or the Entra tenant. Without one it counts wherever the policy lets people
    /// in.
    pub within: Option<String>,
    /// The Slack user id, or the Entra object id in lower case.
    pub id: String,
}

impl ChatIdentity {
    /// Reads `ID` or `WITHIN:ID`.
    pub fn read(text: &str) -> Self {
        match text.split_once(':') {
            Some((within, id)) => Self { within: Some(within.to_owned()), id: id.to_owned() },
            None => Self { within: None, id: text.to_owned() },
        }
    }

    /// Whether this is whoever has that id in one of these places.
    pub fn is(&self, places: &[&str], id: &str) -> bool {
        self.id == id && self.within.as_deref().is_none_or(|within| places.contains(&within))
    }
}

impl fmt::Display for ChatIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Some(within) => write!(f, "{within}:{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// Whether text is the id of a Slack user: `U…`, or `W…` for one of a whole organisation.
fn is_slack_user(text: &str) -> bool {
    is_slack_id(text, "UW")
}

/// Whether text is the id of a Slack workspace, `T…`, or of an organisation, `E…`.
fn is_slack_team(text: &str) -> bool {
    is_slack_id(text, "TE")
}

/// Whether text is the id of a Slack conversation: a channel `C…`, a private one `G…` or a direct message `D…`.
fn is_slack_conversation(text: &str) -> bool {
    is_slack_id(text, "CGD")
}

/// Whether text is the id of a user group of Slack, `S…`.
pub fn is_slack_usergroup(text: &str) -> bool {
    is_slack_id(text, "S")
}

fn is_slack_id(text: &str, kinds: &str) -> bool {
    let mut characters = text.chars();
    let starts_right = characters.next().is_some_and(|first| kinds.contains(first));
    let rest = characters.as_str();
    let goes_on_right = rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    starts_right && goes_on_right && (1..SLACK_ID_MAX).contains(&rest.len())
}

/// Whether text is a GUID, as the ids of Entra's tenants and objects are.
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let has_lengths = groups.iter().map(|group| group.len()).eq(GUID);
    has_lengths && groups.iter().all(|group| group.chars().all(|c| c.is_ascii_hexdigit()))
}

/// Whether text is the id of a conversation in Teams, without a thread: `19:…@…` is a channel or a chat, `a:…` a
/// personal one with the bot.
/// <https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-basics>
fn is_teams_conversation(text: &str) -> bool {
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || ":@._-".contains(c));
    let is_shared =
        |id: &str| TEAMS_ENDINGS.iter().any(|ending| id.strip_suffix(ending).is_some_and(|id| !id.is_empty()));
    is_plain
        && (text.strip_prefix("19:").is_some_and(is_shared) || text.strip_prefix("a:").is_some_and(|id| !id.is_empty()))
}

/// Whether text is an address that SES takes: in 7-bit ASCII, a local part without quotes, and a domain of host names.
/// <https://docs.aws.amazon.com/ses/latest/APIReference/API_Destination.html>
pub fn is_address(text: &str) -> bool {
    let options = Options::default().without_display_text().without_domain_literal();
    let is_label =
        |label: &str| !label.starts_with('-') && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let address = EmailAddress::parse_with_options(text, options);
    address.is_ok_and(|address| {
        text.is_ascii() && !address.local_part().starts_with('"') && address.domain().split('.').all(is_label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is: fn(&str) -> bool, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(is(text), "{text}");
        }
        for text in wrong {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn ids_have_the_forms_of_their_platforms() {
        let wrong = ["", "U", "@grace", "grace", "u0456", "U0456 ", "C0456", "U0456\u{200b}", "<@U0456>", "Ｕ0456"];
        check(is_slack_user, &["U0456", "W012A3CDE"], &wrong);
        check(is_slack_team, &["T0123", "E0ORG"], &["acme", "acme.slack.com", "U0456", "t0123", "T"]);
        check(is_slack_conversation, &["C0789", "G0789", "D0789"], &["#releases", "releases", "U0456", "C0789|x"]);
        let guid = "7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d";
        let wrong =
            ["x", "7c1b2d3e4f504a6b8c7d9e0f1a2b3c4d", "{7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d}", "ada@example.com"];
        check(is_guid, &[guid, &guid.to_uppercase()], &wrong);
        check(
            is_teams_conversation,
            &["19:abc@thread.tacv2", "19:abc@thread.v2", "19:a_b@unq.gbl.spaces", "a:1_x-y"],
            &[
                "General",
                "19:abc",
                "19:@thread.tacv2",
                "19:abc@thread.tacv2;messageid=1",
                "a:",
                "19:a b@thread.v2",
                "19:x@example.com/../y",
            ],
        );
    }

    #[test]
    fn an_address_is_one_that_ses_takes() {
        let long = format!("{}@example.com", "a".repeat(65));
        check(
            is_address,
            &["grace@example.com", "grace.h+x@mail.example.co", "o'brien@example.com"],
            &[
                "grace..h@example.com",
                ".grace@example.com",
                "grace.@example.com",
                "grace@example..com",
                "grace@.example.com",
                "grace@example.com.",
                "grace@-example.com",
                "grace@exam_ple.com",
                "grace h@example.com",
                "\"grace h\"@example.com",
                "Grace <grace@example.com>",
                "grace@[127.0.0.1]",
                "grácé@example.com",
                "grace@exämple.com",
                "grace@example.com, eve@example.com",
                "grace@example.com\r\nBcc: eve@example.com",
                "grace@@example.com",
                "grace",
                &long,
            ],
        );
    }
}
