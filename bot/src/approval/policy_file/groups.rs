//! Groups: their members are listed, or a chat says who they are when a request is raised. Until then somebody stands for each
//! member that a live group may have, so that what could never be filled is found all the same.

use std::collections::{BTreeMap, BTreeSet};

use toml_span::Error;

use super::problem;
use super::raw::{Name, Named, RawGroup, RawLiveGroup};
use crate::approval::identities::{ChatIdentity, is_slack_usergroup};
use crate::approval::ids::PersonId;
use crate::approval::live_groups::{LiveGroup, MEMBERS_MAX};
use crate::approval::place::Platform;
use crate::approval::policy::{LetIn, Person, Rules};

/// What the keys of those begin with who stand for the members of live groups.
const SOMEBODY: &str = "..member..";

/// The groups of the file.
pub(super) struct Groups {
    /// The people behind each; a group without a list could not be read, which has been reported.
    pub(super) members: BTreeMap<String, Option<Vec<PersonId>>>,
    /// Those whose members a chat says.
    pub(super) live: BTreeMap<String, LiveGroup>,
    /// Everybody whom rules may name: the people of the file and the members of live groups.
    pub(super) everybody: BTreeMap<PersonId, Person>,
    /// Who stands for the members of which live group, as nobody has asked for them.
    somebody: BTreeMap<PersonId, String>,
}

/// Reads every group; a name in it that is nobody's goes on the list. Of some live groups the members are known.
pub(super) fn check(
    raw: Vec<Named<RawGroup>>,
    people: &BTreeMap<PersonId, Person>,
    asked: &BTreeMap<String, Vec<Person>>,
    let_in: &LetIn,
    errors: &mut Vec<Error>,
) -> Groups {
    let mut groups = Groups {
        members: BTreeMap::new(),
        live: BTreeMap::new(),
        everybody: people.clone(),
        somebody: BTreeMap::new(),
    };
    let listed: BTreeSet<String> = raw
        .iter()
        .filter(|group| matches!(&group.value, Some(RawGroup::Of(names)) if !names.is_empty()))
        .map(|group| group.name.clone())
        .collect();
    for Named { name, span, value } in raw {
        if PersonId::parse(&name).is_ok_and(|id| people.contains_key(&id)) {
            errors.push(problem(format!("group `{name}` has the name of a person"), span));
        }
        let members = match value {
            None => None,
            Some(RawGroup::Of(names)) => check_members(&name, &names, people, errors),
            Some(RawGroup::Live(raw)) => {
                groups.check_live(&name, raw, &listed, let_in, errors);
                Some(groups.take_members(&name, asked.get(&name)))
            }
        };
        groups.members.insert(name, members);
    }
    groups
}

fn check_members(
    group: &str,
    names: &[Name],
    people: &BTreeMap<PersonId, Person>,
    errors: &mut Vec<Error>,
) -> Option<Vec<PersonId>> {
    let before = errors.len();
    let mut members = Vec::new();
    for member in names {
        match PersonId::parse(&member.text).ok().filter(|id| people.contains_key(id)) {
            Some(id) => members.push(id),
            None => {
                let message = format!("group `{group}`: there is no person `{}`", member.text);
                errors.push(problem(message, member.span));
            }
        }
    }
    (errors.len() == before).then_some(members)
}

impl Groups {
    fn check_live(
        &mut self,
        name: &str,
        raw: RawLiveGroup,
        listed: &BTreeSet<String>,
        let_in: &LetIn,
        errors: &mut Vec<Error>,
    ) {
        let RawLiveGroup { usergroup, fallback } = raw;
        if !is_slack_usergroup(&usergroup.text) {
            let looks = "the id of a user group of Slack, such as S0123";
            let message = format!("group `{name}`: slack_usergroup: `{}` is not {looks}", usergroup.text);
            errors.push(problem(message, usergroup.span));
        }
        if let_in.on(Platform::Slack).next().is_none() {
            let message = format!("group `{name}`: nobody of Slack is let in by slack_teams of [access]");
            errors.push(problem(message, usergroup.span));
        }
        if let Some(Name { text, span }) = fallback.as_ref().filter(|fallback| !listed.contains(&fallback.text)) {
            let message = format!("group `{name}`: fallback names `{text}`, which is no group with people in it");
            errors.push(problem(message, *span));
        }
        let fallback = fallback.map(|fallback| fallback.text);
        self.live.insert(name.to_owned(), LiveGroup { usergroup: usergroup.text, fallback });
    }

    /// The members of a live group, as they were said or else as many as there may be.
    fn take_members(&mut self, name: &str, said: Option<&Vec<Person>>) -> Vec<PersonId> {
        if let Some(members) = said {
            for member in members {
                self.everybody.entry(member.id.clone()).or_insert_with(|| member.clone());
            }
            return members.iter().map(|member| member.id.clone()).collect();
        }
        let number = self.live.len();
        let ids = (0..MEMBERS_MAX).filter_map(|index| PersonId::parse(&format!("{SOMEBODY}{number}.{index}")).ok());
        let ids: Vec<PersonId> = ids.collect();
        for id in &ids {
            let identity = ChatIdentity { within: None, id: String::new() };
            let chats = BTreeMap::from([(Platform::Slack, identity)]);
            let somebody = Person { id: id.clone(), name: format!("somebody of {name}"), chats, email: None };
            self.everybody.insert(id.clone(), somebody);
            self.somebody.insert(id.clone(), name.to_owned());
        }
        ids
    }

    /// Leaves those out of the rules who only stand for members of live groups, and says of which groups there were any.
    pub(super) fn leave_somebody_out(&self, rules: &mut Rules) -> BTreeSet<String> {
        let escalation = rules.escalation.iter().flat_map(|escalation| &escalation.to);
        let people = rules.approvers.iter().chain(escalation).chain(&rules.delegates).map(|person| &person.id);
        let named = people.chain(&rules.break_glass).chain(rules.calling.notify.iter().flatten());
        let needed = named.chain(&rules.calling.silent).filter_map(|id| self.somebody.get(id)).cloned().collect();
        rules.retain(|id| !self.somebody.contains_key(id));
        needed
    }

    /// The groups with the people in them, those whose members nobody has asked for with nobody.
    pub(super) fn people(self) -> (BTreeMap<String, Vec<PersonId>>, BTreeMap<String, LiveGroup>) {
        let Self { members, live, somebody, .. } = self;
        let members = members.into_iter().filter_map(|(name, members)| {
            let mut members = members?;
            members.retain(|id| !somebody.contains_key(id));
            Some((name, members))
        });
        (members.collect(), live)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{read, read_with};

    const PEOPLE: &str = "[access]\nslack_teams = [\"T1\"]\n[people.ada]\nname = \"Ada\"\nslack = \"U1\"\n\
         [people.grace]\nname = \"Grace\"\nslack = \"U2\"\n[groups]\nsre = [\"ada\", \"grace\"]\nnone = []\n";

    fn file(group: &str, rules: &str) -> String {
        format!("{PEOPLE}oncall = {group}\n[policies.p]\nslack_channel = \"C1\"\n{rules}\n")
    }

    #[test]
    fn what_only_slack_can_say_is_left_open_and_what_can_never_be_is_found() {
        let live = "{ slack_usergroup = \"S1\", fallback = \"sre\" }";
        let policy =
            read(&file(live, "approvers = [\"oncall\", \"ada\"]\nrequired = 5\nnotify = [\"oncall\"]")).unwrap();
        let rules = &policy.rules["p"];
        let approvers: Vec<&str> = rules.approvers.iter().map(|person| person.id.as_str()).collect();
        assert_eq!((approvers, rules.required), (vec!["ada"], 5), "nobody stands for somebody else");
        assert_eq!(rules.calling.notify, Some(Vec::new()));
        assert!(policy.groups["oncall"].is_empty());
        assert_eq!(policy.live.needed_by("p").next().unwrap().0, "oncall");
        for (group, rules, expected) in [
            (live, "approvers = [\"oncall\"]\nrequired = 41", "required is 41, the distinct approvers are 40"),
            (
                "{ slack_usergroup = \"oncall\" }",
                "approvers = [\"ada\"]",
                "`oncall` is not the id of a user group of Slack",
            ),
            (
                "{ slack_usergroup = \"S1\", fallback = \"none\" }",
                "approvers = [\"ada\"]",
                "group `oncall`: fallback names `none`, which is no group with people in it",
            ),
            (
                "{ slack_usergroup = \"S1\", fallback = \"oncall\" }",
                "approvers = [\"ada\"]",
                "fallback names `oncall`, which is no group with people in it",
            ),
            ("{ usergroup = \"S1\" }", "approvers = [\"ada\"]", "group `oncall`: slack_usergroup is missing"),
            (
                live,
                "approvers = [\"ada\"]\n[commands.c]\nstate_machine = \"m\"\npolicy = \"p\"\nallowed = [\"oncall\"]",
                "allowed names `oncall`, whose members are known only when a request is raised",
            ),
        ] {
            let found = read(&file(group, rules)).unwrap_err().to_string();
            assert!(found.contains(expected), "{group} {rules}: {found}");
        }
        let without =
            file(live, "approvers = [\"ada\"]").replace("slack_teams = [\"T1\"]\n", "").replace("slack = ", "email = ");
        assert!(read(&without).unwrap_err().to_string().contains("group `oncall`: nobody of Slack is let in"));
    }

    #[test]
    fn the_members_that_were_said_are_judged_like_any_others() {
        let text = file("{ slack_usergroup = \"S1\" }", "approvers = [\"oncall\"]\nrequired = 2");
        let policy = read(&text).unwrap();
        let asked = |people: &[&str]| {
            let people = people
                .iter()
                .map(|id| policy.people.values().find(|person| person.id.as_str() == *id).unwrap().clone());
            BTreeMap::from([("oncall".to_owned(), people.collect())])
        };
        let with = read_with(&text, &asked(&["grace", "ada"])).unwrap();
        assert_eq!(with.rules["p"].approvers.len(), 2);
        assert!(with.live.needed_by("p").next().is_none(), "nothing is left to ask for");
        let problem = read_with(&text, &asked(&["grace"])).unwrap_err().to_string();
        assert!(problem.contains("required is 2, the distinct approvers are 1"), "{problem}");
    }
}
