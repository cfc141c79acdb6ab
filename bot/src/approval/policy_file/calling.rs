//! Who is called, of those who may decide.

use std::collections::BTreeSet;

use toml_span::{Error, Spanned};

use super::known::Known;
use super::problem;
use super::raw::{Name, RawCalling};
use crate::approval::calling::Calling;
use crate::approval::ids::PersonId;
use crate::approval::policy::Person;

/// The card has room to mention so many, and each of them is part of every record.
const NOTIFY_MAX: usize = 20;
/// Each of them is part of every record too.
const SILENT_MAX: usize = 20;

const NOTIFY: &str = "notify";

/// Reads who is called; what is wrong with it goes on the list. Whoever may not decide is called in vain.
pub(super) fn check(
    name: &str,
    raw: &RawCalling,
    approvers: Option<&[Person]>,
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Calling {
    let notify = listed(name, NOTIFY, raw.notify.as_ref(), (approvers, NOTIFY_MAX), known, errors);
    let silent = listed(name, "silent", raw.silent.as_ref(), (approvers, SILENT_MAX), known, errors);
    if let (Some(silent), Some(at)) = (&silent, &raw.silent) {
        let mut wrong = |what: String| errors.push(problem(format!("policy `{name}`: {what}"), at.span));
        let is_silent = |id: &PersonId| silent.iter().any(|person| person.id == *id);
        let both = notify.iter().flatten().filter(|person| is_silent(&person.id));
        both.for_each(|person| wrong(format!("`{}` is in notify and in silent", person.id)));
        if silent.is_empty() {
            wrong("silent has nobody in it: leave the key out".to_owned());
        } else if approvers.is_some_and(|approvers| approvers.iter().all(|person| is_silent(&person.id))) {
            wrong("silent has everybody who may decide: for cards that mention nobody say notify = []".to_owned());
        }
        if let Some(let_in) = known.let_in {
            let unreached = silent.iter().filter(|person| !person.could_decide(let_in, false));
            unreached.for_each(|person| {
                wrong(format!("`{}` in silent gets no mail and is in no chat, so could never decide", person.id));
            });
        }
    }
    let direct = raw.direct.as_ref().filter(|direct| direct.value);
    if let (Some(direct), Some([])) = (direct, notify.as_deref()) {
        let message = format!("policy `{name}`: direct sends copies to those of notify, and notify is []");
        errors.push(problem(message, direct.span));
    }
    let ids = |people: Vec<Person>| people.into_iter().map(|person| person.id).collect();
    Calling { notify: notify.map(ids), silent: silent.map(ids).unwrap_or_default(), direct: direct.is_some() }
}

fn listed(
    name: &str,
    key: &str,
    raw: Option<&Spanned<Vec<Name>>>,
    (approvers, most): (Option<&[Person]>, usize),
    known: &Known<'_>,
    errors: &mut Vec<Error>,
) -> Option<Vec<Person>> {
    let raw = raw?;
    let mut people = known.resolve(&format!("policy `{name}`"), key, &raw.value, errors)?;
    let mut wrong = |what: String| errors.push(problem(format!("policy `{name}`: {what}"), raw.span));
    // Who is in a live group is not the policy's to say, and a card mentions no more.
    if key == NOTIFY && raw.value.iter().any(|name| known.live.contains_key(&name.text)) {
        people.truncate(most);
    }
    if people.len() > most {
        wrong(format!("{} people in {key}, at most {most}", people.len()));
    }
    if let Some(approvers) = approvers {
        let deciding: BTreeSet<&PersonId> = approvers.iter().map(|person| &person.id).collect();
        let others = people.iter().filter(|person| !deciding.contains(&person.id));
        others.for_each(|person| wrong(format!("{key} names `{}`, who may not decide", person.id)));
    }
    Some(people)
}

#[cfg(test)]
mod tests {
    use super::super::read;

    const PEOPLE: &str = "[access]\nslack_teams = [\"T1\"]\n[people.ada]\nname = \"Ada\"\nslack = \"U1\"\n\
         [people.grace]\nname = \"Grace\"\nslack = \"U2\"\n[people.linus]\nname = \"Linus\"\nemail = \"l@example.com\"\n\
         [people.eve]\nname = \"Eve\"\nslack = \"U4\"\n[groups]\noncall = [\"grace\"]\n";

    #[test]
    fn who_is_called_is_read_and_refused_by_its_line() {
        let read = |rules: &str| {
            read(&format!(
                "{PEOPLE}[policies.p]\napprovers = [\"ada\", \"grace\", \"linus\"]\nslack_channel = \"C1\"\n{rules}\n"
            ))
        };
        assert!(read("").unwrap().rules["p"].calling.is_default());
        let calling = read("notify = [\"oncall\"]\nsilent = [\"ada\"]").unwrap().rules["p"].calling.clone();
        assert_eq!(calling.notify.unwrap()[0].as_str(), "grace");
        assert_eq!(calling.silent[0].as_str(), "ada");
        assert!(read("direct = true").unwrap().rules["p"].calling.direct);
        assert!(read("direct = false").unwrap().rules["p"].calling.is_default());
        assert_eq!(read("notify = []").unwrap().rules["p"].calling.notify, Some(Vec::new()), "nobody is mentioned");
        for (rules, expected) in [
            ("notify = [\"zed\"]", "line 20: policy `p`: notify names `zed`, which is neither a person nor a group"),
            ("silent = [\"zed\"]", "line 20: policy `p`: silent names `zed`, which is neither a person nor a group"),
            ("notify = [\"eve\"]", "line 20: policy `p`: notify names `eve`, who may not decide"),
            ("silent = [\"eve\"]", "line 20: policy `p`: silent names `eve`, who may not decide"),
            ("notify = [\"oncall\"]\nsilent = [\"grace\"]", "line 21: policy `p`: `grace` is in notify and in silent"),
            (
                "notify = []\ndirect = true",
                "line 21: policy `p`: direct sends copies to those of notify, and notify is []",
            ),
            ("silent = []", "line 20: policy `p`: silent has nobody in it: leave the key out"),
            (
                "silent = [\"linus\"]",
                "line 20: policy `p`: `linus` in silent gets no mail and is in no chat, so could never decide",
            ),
            (
                "silent = [\"ada\", \"grace\", \"linus\"]",
                "silent has everybody who may decide: for cards that mention nobody say notify = []",
            ),
        ] {
            let found = read(rules).unwrap_err().to_string();
            assert!(found.contains(expected), "{rules}: {found}");
        }
    }
}
