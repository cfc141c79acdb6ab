//! The page of their own that a chat has for each person, with what waits for them and what they asked for: who has opened
//! theirs, and whether it shows what is recorded. Only what somebody has looked at lately is kept up to date.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::delivery::{Delivery, Subject};
use super::ids::{ApprovalId, PersonId};
use super::place::Platform;
use super::record::Approval;

/// A page is kept up to date for so long after it was opened. Whoever opens it later has it made anew.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A store has heard of a change in all of its lists after so long.
const LISTED_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// More changes than this within that time are not remembered one by one.
const CHANGES_MAX: usize = 20;

/// Somebody's page, once they have opened it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Home {
    /// Whose page it is.
    pub person: PersonId,
    /// The chat that has it.
    pub platform: Platform,
    /// The platform's id of the person.
    pub user: String,
    /// Until when it is kept up to date.
    pub until: Timestamp,
    /// Whether something has changed since it was last made.
    pub is_stale: bool,
    /// The approvals that have changed lately, and when: the lists of a store may hear of them a moment later.
    pub changes: Vec<(Timestamp, ApprovalId)>,
    /// The platform's name of what it shows, if it is known.
    pub shows: Option<String>,
    /// Counts the changes of this record.
    pub version: u64,
}

impl Home {
    /// A page that somebody has just opened, in which this is shown; `before` is what was known of it.
    pub fn opened(
        before: Option<Self>,
        person: PersonId,
        (platform, user): (Platform, &str),
        shows: Option<String>,
        now: Timestamp,
    ) -> Self {
        let (changes, version) = before.map(|before| (before.changes, before.version)).unwrap_or_default();
        let until = now.saturating_add(KEPT).unwrap_or(now);
        Self { person, platform, user: user.to_owned(), until, is_stale: true, changes, shows, version }
    }

    /// Whether it is still kept up to date.
    pub fn is_kept(&self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Notes that something of it has changed, and says whether the record has.
    pub fn change(&mut self, approval: Option<&ApprovalId>, now: Timestamp) -> bool {
        let is_known = approval.is_none_or(|id| self.changes.iter().any(|(_, known)| known == id));
        if self.is_stale && is_known {
            return false;
        }
        self.is_stale = true;
        self.changes.retain(|(at, known)| now.duration_since(*at) < LISTED_AFTER && Some(known) != approval);
        self.changes.extend(approval.map(|id| (now, id.clone())));
        let forgotten = self.changes.len().saturating_sub(CHANGES_MAX);
        self.changes.drain(..forgotten);
        true
    }

    /// The approvals that have changed lately.
    pub fn changed(&self, now: Timestamp) -> Vec<ApprovalId> {
        let lately = self.changes.iter().filter(|(at, _)| now.duration_since(*at) < LISTED_AFTER);
        lately.map(|(_, id)| id.clone()).collect()
    }

    /// What a messenger has to do so that it shows what is recorded. All pages of a platform are one place, since what the
    /// platform limits is how often pages are shown at all. While one waits its turn its record changes no more, so it stands
    /// in the queue once.
    pub fn delivery(&self) -> Delivery {
        let subject = Subject::Home { person: self.person.clone(), platform: self.platform };
        Delivery { subject, place: format!("{}:homes", self.platform.key()), version: self.version }
    }
}

/// What somebody's page shows.
#[derive(Debug, Clone)]
pub enum Page {
    /// Of somebody whom the policy knows.
    Overview(Overview),
    /// Of somebody whom it no longer knows.
    Unlisted,
}

/// What waits for a person, and what they asked for.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The approvals that they may decide now and have not, the soonest deadline first.
    pub waiting: Vec<Approval>,
    /// Whether those are all.
    pub are_all: bool,
    /// The approvals whose glass was broken and that they may acknowledge.
    pub unacknowledged: Vec<Approval>,
    /// The approvals that were raised on their behalf, the newest first.
    pub raised: Vec<Approval>,
    /// When this was looked up.
    pub at: Timestamp,
}

impl Approval {
    /// Everybody whose page may show this.
    pub fn concerns(&self) -> impl Iterator<Item = &PersonId> {
        let approvers = self.rules.approvers.iter().map(|person| &person.id);
        let delegates = self.stand_ins.iter().map(|stand_in| &stand_in.delegate);
        approvers.chain(delegates).chain(self.request.requester.iter().map(|person| &person.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::sample::{after, approval};

    fn home() -> Home {
        Home::opened(None, PersonId::parse("ada").unwrap(), (Platform::Slack, "U1"), None, after(0))
    }

    fn id(number: usize) -> ApprovalId {
        ApprovalId::of(&crate::approval::ids::TaskToken::parse(&format!("token {number}")).unwrap())
    }

    #[test]
    fn a_page_that_waits_to_be_made_is_noted_once_for_each_approval() {
        let mut home = Home { is_stale: false, ..home() };
        assert!(home.change(Some(&id(1)), after(1)) && home.is_stale);
        assert!(!home.change(Some(&id(1)), after(2)), "it is made anew as it is");
        assert!(home.change(Some(&id(2)), after(3)), "the lists may not know of this one yet");
        assert_eq!(home.changed(after(4)), [id(1), id(2)]);
        home.is_stale = false;
        assert!(home.change(Some(&id(1)), after(5)), "it was made, and has changed since");
    }

    #[test]
    fn what_the_lists_know_by_now_is_forgotten() {
        let mut home = home();
        home.change(Some(&id(1)), after(0));
        home.change(Some(&id(2)), after(59));
        assert_eq!(home.changed(after(60)), [id(2)]);
        home.change(Some(&id(3)), after(60));
        assert_eq!(home.changes.len(), 2);
        for number in 0..50 {
            home.change(Some(&id(number)), after(61));
        }
        assert_eq!(home.changes.len(), CHANGES_MAX);
    }

    #[test]
    fn a_page_is_kept_for_a_week_after_it_was_last_opened() {
        let week = 7 * 24 * 3_600;
        let first = home();
        assert!(first.is_kept(after(week - 1)) && !first.is_kept(after(week)));
        let again = Home::opened(Some(first), PersonId::parse("ada").unwrap(), (Platform::Slack, "U1"), None, after(9));
        assert!(again.is_kept(after(week)));
    }

    #[test]
    fn whoever_decides_stands_in_or_asked_has_it_on_their_page() {
        let people: Vec<String> = approval("").concerns().map(ToString::to_string).collect();
        assert!(people.contains(&"ada".to_owned()) && people.contains(&"grace".to_owned()), "{people:?}");
    }
}
