//! Who may approve alone in an emergency, and whether somebody else could acknowledge it.

use toml_span::Error;

use super::known::Known;
use super::problem;
use super::raw::RawBreakGlass;
use crate::approval::policy::{Person, RequesterUse};

/// Each of them is part of every record, and who may do it at all is to be known to everybody.
const WHO_MAX: usize = 20;

/// Reads who may break the glass; what is wrong with it goes on the list. It is done and acknowledged in a chat, by
/// others than whoever asked, who therefore has to be known.
pub(super) fn check(
    name: &str,
    raw: &RawBreakGlass,
    approvers: Option<&[Person]>,
    requester: RequesterUse,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Vec<Person> {
    let span = raw.who.span;
    let Some(who) = known.resolve(&format!("policy `{name}`"), "break_glass", &raw.who.value, errors) else {
        return Vec::new();
    };
    let mut wrong = |what: String| errors.push(problem(format!("policy `{name}`: break_glass: {what}"), span));
    if who.is_empty() {
        wrong("who has nobody in it: leave the key out".to_owned());
    }
    if who.len() > WHO_MAX {
        wrong(format!("{} people in who, at most {WHO_MAX}", who.len()));
    }
    if requester == RequesterUse::Optional {
        wrong("whoever asked must not approve alone, so it needs requester = \"known\"".to_owned());
    }
    if let Some(let_in) = known.let_in {
        let is_in_chat = |person: &&Person| person.could_decide(let_in, false);
        if !who.is_empty() && !who.iter().any(|person| is_in_chat(&person)) {
            wrong("nobody in who could ever say so: no identity in a chat is let in by [access]".to_owned());
        }
        let mut acknowledgers = approvers.unwrap_or_default().iter().filter(is_in_chat);
        let (first, second) = (acknowledgers.next(), acknowledgers.next());
        let is_alone = |person: &Person| second.is_none() && first.is_none_or(|first| first.id == person.id);
        if let Some(person) = who.iter().find(|person| approvers.is_some() && is_alone(person)) {
            wrong(format!("if `{}` approves alone, no approver could acknowledge it in a chat", person.id));
        }
    }
    who
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const PEOPLE: &str = "[access]\nslack_teams = [\"T1\"]\n[people.ada]\nname = \"Ada\"\nslack = \"U1\"\n\
         [people.grace]\nname = \"Grace\"\nslack = \"U2\"\n[people.linus]\nname = \"Linus\"\nemail = \"l@example.com\"\n\
         [groups]\noncall = [\"grace\"]\nnobody = []\n";

    fn wrong(rules: &str) -> Vec<String> {
        let found = read(&format!("{PEOPLE}[policies.p]\nslack_channel = \"C1\"\n{rules}\n")).err();
        found.map(|found| found.to_string().lines().map(str::to_owned).collect()).unwrap_or_default()
    }

    #[test]
    fn who_may_approve_alone_is_read_and_refused_by_its_line() {
        let found =
            read(&format!("{PEOPLE}[policies.p]\napprovers = [\"ada\"]\nbreak_glass = {{ who = [\"oncall\"] }}"));
        assert_eq!(found.unwrap().rules["p"].break_glass[0].as_str(), "grace");
        for (rules, expected) in [
            ("{ who = [] }", "line 18: policy `p`: break_glass: who has nobody in it: leave the key out"),
            (
                "{ who = [\"zed\"] }",
                "line 18: policy `p`: break_glass names `zed`, which is neither a person nor a group",
            ),
            ("{ whom = [\"grace\"] }", "line 18: policy `p`: break_glass: who is missing"),
            (
                "{ who = [\"grace\"] }\nrequester = \"optional\"",
                "line 18: policy `p`: break_glass: whoever asked must not approve alone, so it needs requester = \"known\"",
            ),
            (
                "{ who = [\"linus\"] }",
                "line 18: policy `p`: break_glass: nobody in who could ever say so: no identity in a chat is let in by [access]",
            ),
            (
                "{ who = [\"ada\"] }",
                "line 18: policy `p`: break_glass: if `ada` approves alone, no approver could acknowledge it in a chat",
            ),
        ] {
            let found = wrong(&format!("approvers = [\"ada\", \"linus\"]\nbreak_glass = {rules}"));
            assert!(found.contains(&expected.to_owned()), "{rules}: {found:?}");
        }
    }
}
