//! Whom a workflow means by a name. People are written in many ways, and a requester who is not found would be free to
//! approve their own request, so every spelling counts; one that is not clear is not guessed at.

use super::names::{comparable, words};
use super::policy::{Person, Policy};

/// Whom a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<'a> {
    /// One person of the policy.
    Person(&'a Person),
    /// More than one.
    Several(Vec<&'a Person>),
    /// None of their names, and a part of these people's.
    Almost(Vec<&'a Person>),
    /// Nobody of the policy.
    Nobody,
}

impl Policy {
    /// Whom a name means: a key, a display name, an address or an id on a platform, also as the platforms write them.
    pub fn named(&self, text: &str) -> Named<'_> {
        let spellings = spellings(&comparable(text));
        let meant = self.people_who(|person| spellings.iter().any(|spelling| is_called(person, spelling)));
        match meant.as_slice() {
            [] => match self.people_who(|person| is_almost(person, text)) {
                almost if almost.is_empty() => Named::Nobody,
                almost => Named::Almost(almost),
            },
            [person] => Named::Person(person),
            _ => Named::Several(meant),
        }
    }

    fn people_who(&self, are_meant: impl Fn(&Person) -> bool) -> Vec<&Person> {
        self.people.values().filter(|person| are_meant(person)).collect()
    }
}

/// Everything that a text in comparable form says as a name: itself without what platforms and mail programs put around
/// a name, and in `Ada Lovelace <ada@example.com>` both parts.
fn spellings(text: &str) -> Vec<String> {
    let tag = text.strip_prefix("<at").and_then(|rest| rest.split_once('>')).map(|(_, rest)| rest);
    if let Some(mention) = tag.and_then(|rest| rest.strip_suffix("</at>")) {
        return vec![mention.trim().to_owned()];
    }
    match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        // Slack writes a label behind the id, which anybody can choose.
        Some((name, inside)) => {
            let id = inside.split('|').next().unwrap_or_default();
            [name.trim().trim_matches('"'), id].into_iter().filter(|part| !part.is_empty()).map(bare).collect()
        }
        None => vec![bare(text)],
    }
}

/// A name without what says only what kind of name it is.
fn bare(name: &str) -> String {
    let name = ["mailto:", "8:orgid:", "@"].iter().fold(name, |name, prefix| name.strip_prefix(prefix).unwrap_or(name));
    name.trim().to_owned()
}

fn is_called(person: &Person, spelling: &str) -> bool {
    let ids = person.chats.values().flat_map(|identity| [identity.id.clone(), identity.to_string()]);
    let own = [person.id.to_string(), person.name.clone()].into_iter().chain(person.email.clone());
    !spelling.is_empty() && own.chain(ids).any(|name| comparable(&name) == spelling)
}

/// Whether a text is a part of a person's names.
fn is_almost(person: &Person, text: &str) -> bool {
    let local_part = person.email.as_deref().and_then(|email| email.split('@').next()).unwrap_or_default();
    let theirs: Vec<String> = [local_part, person.id.as_str(), &person.name].into_iter().flat_map(words).collect();
    let said = words(text);
    !said.is_empty() && said.iter().all(|word| theirs.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::policy_file;

    fn policy() -> Policy {
        let text = r#"
            [access]
            slack_teams = ["T0ONE", "T0TWO"]
            teams_tenants = ["5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a"]
            [people.ada]
            name = "Ada Lovelace"
            slack = "T0ONE:U0ADA"
            teams = "7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
            email = "ada@example.com"
            [people.gh]
            name = "Grace Hopper"
            slack = "T0ONE:U0GRACE"
            email = "ghopper@example.com"
            [people.other]
            name = "Otto"
            slack = "T0TWO:U0GRACE"
            [policies.p]
            approvers = ["ada"]
        "#;
        policy_file::read(text).unwrap()
    }

    #[test]
    fn a_person_is_meant_by_every_spelling_of_every_name() {
        let policy = policy();
        for name in [
            "ada",
            " ADA ",
            "@ada",
            "Ada Lovelace",
            "ada  lovelace",
            "Ada\u{200b} Lovelace",
            "Ａｄａ Ｌｏｖｅｌａｃｅ",
            "@Ada Lovelace",
            "U0ADA",
            "u0ada",
            "T0ONE:U0ADA",
            "<@U0ADA>",
            "<@U0ADA|somebody>",
            "<@U0ADA|gh>",
            "Ada@Example.com",
            "mailto:ada@example.com",
            "<mailto:ada@example.com|ada@example.com>",
            "<ada@example.com>",
            "Ada Lovelace <ada@example.com>",
            "\"Ada Lovelace\" <ada@example.com>",
            "A. Lovelace <ada@example.com>",
            "7C1B2D3E-4f50-4a6b-8c7d-9e0f1a2b3c4d",
            "8:orgid:7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
            "<at>Ada Lovelace</at>",
            "<at id=\"0\">Ada Lovelace</at>",
        ] {
            let Named::Person(person) = policy.named(name) else { panic!("{name}: {:?}", policy.named(name)) };
            assert_eq!(person.id.as_str(), "ada", "{name}");
        }
    }

    #[test]
    fn what_means_two_people_means_neither() {
        let policy = policy();
        for name in ["U0GRACE", "<@U0GRACE>", "Ada Lovelace <ghopper@example.com>"] {
            assert!(matches!(policy.named(name), Named::Several(people) if people.len() == 2), "{name}");
        }
    }

    #[test]
    fn what_almost_means_somebody_is_told_apart_from_what_means_nobody() {
        let policy = policy();
        for name in ["ghopper", "Grace", "hopper", "Hopper, Grace", "grace.hopper"] {
            let Named::Almost(people) = policy.named(name) else { panic!("{name}: {:?}", policy.named(name)) };
            assert_eq!(people[0].id.as_str(), "gh", "{name}");
        }
        for name in ["", "\u{200b}", "the night shift", "arn:aws:iam::123456789012:role/ci", "gracehopperjr", "@"] {
            assert_eq!(policy.named(name), Named::Nobody, "{name:?}");
        }
    }
}
