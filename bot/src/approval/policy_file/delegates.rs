//! Who may stand in for an approver who is away.

use toml_span::{Error, Spanned};

use super::known::{Known, Reach, UNREACHABLE};
use super::problem;
use super::raw::Name;
use crate::approval::policy::{Escalation, Person};

/// Each of them is part of every record.
const DELEGATES_MAX: usize = 20;
/// Who stands in for whom is part of every record too, so where somebody may there are fewer who decide.
const APPROVERS_MAX: usize = 50;

/// Reads who may stand in; what is wrong with it goes on the list.
pub(super) fn check(
    name: &str,
    listed: &Spanned<Vec<Name>>,
    (approvers, escalation): (Option<&[Person]>, Option<&Escalation>),
    known: &Known<'_>,
    reach: Option<&Reach<'_>>,
    errors: &mut Vec<Error>,
) -> Vec<Person> {
    let Some(delegates) = known.resolve(&format!("policy `{name}`"), "delegates", &listed.value, errors) else {
        return Vec::new();
    };
    let mut wrong = |what: String| errors.push(problem(format!("policy `{name}`: {what}"), listed.span));
    if delegates.is_empty() {
        wrong("delegates has nobody in it: leave the key out".to_owned());
    } else if reach.is_some_and(|reach| reach.misses(&delegates).len() == delegates.len()) {
        wrong(format!("nobody in delegates could ever decide: {UNREACHABLE}"));
    }
    if delegates.len() > DELEGATES_MAX {
        wrong(format!("{} people in delegates, at most {DELEGATES_MAX}", delegates.len()));
    }
    let called_in = escalation.map_or(0, |escalation| escalation.to.len());
    let deciding = approvers.unwrap_or_default().len() + called_in;
    if deciding > APPROVERS_MAX {
        wrong(format!(
            "{deciding} people who may decide, at most {APPROVERS_MAX} where somebody may stand in for them"
        ));
    }
    delegates
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const PEOPLE: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n\
         [people.grace]\nname = \"Grace\"\nemail = \"grace@example.com\"\n[people.linus]\nname = \"Linus\"\n\
         [groups]\ndeputies = [\"grace\"]\n";

    #[test]
    fn who_may_stand_in_is_read_and_refused_by_its_line() {
        let read = |rules: &str| read(&format!("{PEOPLE}[policies.p]\napprovers = [\"ada\"]\n{rules}\n"));
        assert!(read("").unwrap().rules["p"].delegates.is_empty(), "nobody, unless the policy says so");
        assert_eq!(read("delegates = [\"deputies\"]").unwrap().rules["p"].delegates[0].id.as_str(), "grace");
        for (rules, expected) in [
            ("delegates = []", "policy `p`: delegates has nobody in it: leave the key out"),
            ("delegates = [\"zed\"]", "policy `p`: delegates names `zed`, which is neither a person nor a group"),
            ("delegates = [\"linus\"]", "policy `p`: nobody in delegates could ever decide"),
        ] {
            let found = read(rules).unwrap_err().to_string();
            assert!(found.contains(expected), "{rules}: {found}");
        }
    }
}
