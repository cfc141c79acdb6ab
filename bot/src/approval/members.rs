//! Who the members of a live group are: people of the policy by their ids, or themselves.

use std::collections::BTreeMap;

use super::identities::{ChatIdentity, ORGANISATION};
use super::ids::PersonId;
use super::limits;
use super::live_groups::AskedGroup;
use super::names::comparable;
use super::place::Platform;
use super::policy::{Person, Policy, Rules, Stranger};
use crate::visible;

/// A longer name does not fit on a line beside what else stands there.
const NAME_MAX: usize = 60;

/// Somebody whom a user group has, as the chat knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id in the chat.
    pub user: String,
    /// The workspaces and organisations that they are of.
    pub places: Vec<String>,
    /// What their profile calls them.
    pub name: String,
}

impl Policy {
    /// The person with this id of a chat, where that alone says it: where the policy lets in members of a single place.
    pub fn listed(&self, chat: Platform, user: &str) -> Option<&Person> {
        let mut places = self.let_in.on(chat);
        let (place, None) = (places.next()?, places.next()) else { return None };
        self.person(chat, &[place], user).ok()
    }

    /// Who a user of a chat is for whom the policy has no entry, but who may be a member of a group that it takes from
    /// there: themself, by the place that lets them in. Of several that is the organisation, by which all of its workspaces
    /// know them.
    pub fn possible_member(&self, chat: Platform, places: &[&str], user: &str) -> Option<Person> {
        if self.live.groups.is_empty() {
            return None;
        }
        let let_in = self.let_in.on(chat).filter(|place| places.contains(place));
        let place = let_in.max_by_key(|place| place.starts_with(ORGANISATION))?;
        let identity = ChatIdentity { within: Some(place.to_owned()), id: user.to_owned() };
        let (id, chats) = (identity.member_key(chat)?, BTreeMap::from([(chat, identity)]));
        Some(Person { id, name: user.to_owned(), chats, email: None })
    }

    /// Who somebody with this key is, who uses a chat by that id: a person of the policy, or whoever may be a member of a group
    /// that it takes from there and asks under some rules.
    pub fn known(&self, chat: Platform, user: &str, key: &PersonId) -> Option<Person> {
        let may_be = |place| self.possible_member(chat, &[place], user).filter(|member| member.id == *key);
        let member = || self.let_in.on(chat).find_map(may_be);
        let is_asked = |person: &Person| self.rules.values().any(|rules| self.may_ask(rules, &person.id));
        self.people.get(key).cloned().or_else(|| member().filter(is_asked))
    }

    /// Who a member of a user group is: the person with that id, or else themself by the name of their profile. Nobody, if
    /// they are of another company. A name that is somebody else's is a problem: it could be the same person, whose entry
    /// lacks the id.
    pub fn member(&self, chat: Platform, member: &Member) -> Result<Option<Person>, String> {
        let places: Vec<&str> = member.places.iter().map(String::as_str).collect();
        match self.person(chat, &places, &member.user) {
            Ok(person) => return Ok(Some(person.clone())),
            Err(Stranger::Unlisted) => {}
            Err(Stranger::ForeignTeam | Stranger::NoPolicy(_)) => return Ok(None),
        }
        let Some(person) = self.possible_member(chat, &places, &member.user) else { return Ok(None) };
        let name = profile_name(&member.name).unwrap_or_else(|| member.user.clone());
        let namesake = self.people.values().find(|person| comparable(&person.name) == comparable(&name));
        if let Some(namesake) = namesake {
            return Err(format!(
                "`{}` in it has the name of `{}` and is not known by that id: the entry of one of them has to have it",
                member.user, namesake.id
            ));
        }
        Ok(Some(Person { name, ..person }))
    }
}

impl Policy {
    /// Whether these rules may ever have this person decide: who is in a live group is known to each request alone.
    pub fn may_ask(&self, rules: &Rules, person: &PersonId) -> bool {
        rules.ever_ask(person) || self.live.needed.contains_key(&rules.name)
    }
}

impl Policy {
    /// The same with who was in the live groups of these rules.
    pub fn with_groups(self, name: &str, asked: &[AskedGroup]) -> Self {
        let with = |(key, rules): (String, Rules)| {
            let groups = if key == name { asked.to_vec() } else { Vec::new() };
            (key, Rules { groups, ..rules })
        };
        Self { rules: self.rules.into_iter().map(with).collect(), ..self }
    }
}

impl Rules {
    /// Whoever the rules name with this key, be it after an escalation.
    pub fn asked(&self, id: &PersonId) -> Option<&Person> {
        let mut called_in = self.escalation.iter().flat_map(|escalation| &escalation.to);
        self.person(id).or_else(|| called_in.find(|person| person.id == *id))
    }

    /// This person as these rules know them: an entry of the policy that was made since is the same as somebody who was in
    /// a live group by their id alone.
    pub fn known(&self, person: &Person) -> Person {
        let as_member = || {
            let mut keys = person.chats.iter().filter_map(|(chat, identity)| identity.member_key(*chat));
            keys.find_map(|key| self.approver(&key))
        };
        match self.person(&person.id) {
            // Of somebody without an entry the rules know the name.
            Some(known) if person.chats.values().any(|identity| identity.id == person.name) => known.clone(),
            Some(_) => person.clone(),
            None => as_member().unwrap_or(person).clone(),
        }
    }

    /// Leaves these people alone, wherever the rules name any.
    pub fn retain(&mut self, keep: impl Fn(&PersonId) -> bool) {
        let Self { approvers, seats, escalation, delegates, break_glass, calling, groups, .. } = self;
        approvers.retain(|person| keep(&person.id));
        delegates.retain(|person| keep(&person.id));
        break_glass.retain(&keep);
        seats.iter_mut().for_each(|seats| seats.people.retain(&keep));
        escalation.iter_mut().for_each(|escalation| escalation.to.retain(|person| keep(&person.id)));
        calling.notify.iter_mut().chain([&mut calling.silent]).for_each(|people| people.retain(&keep));
        groups.iter_mut().for_each(|group| group.people.retain(&keep));
    }
}

/// The name of a profile on one line, without what nobody sees, and as long as a name of the policy may be; none if there is
/// nothing to see in it.
fn profile_name(name: &str) -> Option<String> {
    let seen = visible::without_hidden(name).replace("=?", "= ?");
    let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    (!visible::is_blank(&seen)).then(|| limits::excerpt(&seen, NAME_MAX))
}

/// Tells apart those of one name, by their ids.
pub fn tell_apart(people: &mut [Person], chat: Platform) {
    let names: Vec<String> = people.iter().map(|person| comparable(&person.name)).collect();
    for (index, person) in people.iter_mut().enumerate() {
        let is_shared = names.iter().filter(|name| **name == names[index]).count() > 1;
        let id = person.on(chat).map(|identity| identity.id.clone());
        if let Some(id) = id.filter(|_| is_shared) {
            person.name = format!("{} ({id})", person.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::policy_file;

    fn policy(access: &str) -> Policy {
        let text = format!(
            "[access]\nslack_teams = [{access}]\n[people.ada]\nname = \"Ada Lovelace\"\nslack = \"T1:U1\"\n\
             [people.eve]\nname = \"Eve\"\nemail = \"eve@example.com\"\n\
             [groups]\noncall = {{ slack_usergroup = \"S1\" }}\n\
             [policies.p]\napprovers = [\"oncall\"]\nslack_channel = \"C1\"\n"
        );
        policy_file::read(&text).unwrap()
    }

    fn member(user: &str, places: &[&str], name: &str) -> Member {
        let places = places.iter().map(|place| (*place).to_owned()).collect();
        Member { user: user.to_owned(), places, name: name.to_owned() }
    }

    #[test]
    fn a_member_is_the_person_with_that_id_or_themself() {
        let policy = policy("\"T1\", \"T2\"");
        let who = |user: &str, places: &[&str], name: &str| policy.member(Platform::Slack, &member(user, places, name));
        assert_eq!(who("U1", &["T1"], "Somebody else").unwrap().unwrap().id.as_str(), "ada");
        let other = who("U1", &["T2"], "Zoe").unwrap().unwrap();
        assert_eq!((other.id.as_str(), &*other.name), ("slack-t2-u1", "Zoe"), "the same id elsewhere is somebody else");
        assert_eq!(who("U9", &["T3"], "Guest"), Ok(None), "of another company");
        assert!(who("U9", &["T1"], " eve\u{200b} ").unwrap_err().contains("`U9` in it has the name of `eve`"));
        let hidden = who("U9", &["T1"], "Zo\u{202e}e\n=?").unwrap().unwrap();
        assert_eq!(hidden.name, "Zoe = ?");
        assert_eq!(who("U9", &["T1"], "\u{200b}").unwrap().unwrap().name, "U9");
    }

    #[test]
    fn whoever_presses_is_the_member_that_was_asked() {
        let policy = policy("\"T1\", \"E1\"");
        let asked = policy.member(Platform::Slack, &member("U9", &["T1", "E1"], "Zoe")).unwrap().unwrap();
        assert_eq!(asked.id.as_str(), "slack-e1-u9", "an organisation knows its people in all of its workspaces");
        let presses = policy.possible_member(Platform::Slack, &["T1", "E1"], "U9").unwrap();
        assert_eq!((&presses.id, &presses.chats), (&asked.id, &asked.chats));
        let without = policy_file::read(
            "[access]\nslack_teams = [\"T1\"]\n[people.a]\nname = \"A\"\nslack = \"U1\"\n[policies.p]\napprovers = [\"a\"]",
        );
        assert_eq!(without.unwrap().possible_member(Platform::Slack, &["T1"], "U9"), None, "no group is alive");
    }

    #[test]
    fn those_of_one_name_are_told_apart() {
        let policy = policy("\"T1\"");
        let who =
            |user: &str, name: &str| policy.member(Platform::Slack, &member(user, &["T1"], name)).unwrap().unwrap();
        let mut people = [who("U7", "Zoe"), who("U8", "ZOE"), who("U9", "Max")];
        tell_apart(&mut people, Platform::Slack);
        assert_eq!(people.map(|person| person.name), ["Zoe (U7)", "ZOE (U8)", "Max"]);
    }
}
