//! When what happened, read from the audit trail, whose times are those of the functions.

use std::collections::BTreeMap;

use countersign_bot::approval::audit::{Entry, Place, What, Who};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::{Status, Verdict};
use jiff::{SignedDuration, Timestamp};

/// What became of an approval so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    raised: Option<Timestamp>,
    /// What is out, by platform and place.
    out: BTreeMap<(Platform, String), Timestamp>,
    /// Why it is not out elsewhere.
    failures: BTreeMap<Platform, String>,
    decided: Option<(Decided, Timestamp)>,
    resolved: Option<(Status, Timestamp)>,
    closed: BTreeMap<(Platform, String), Timestamp>,
    /// What can no longer be closed.
    lost: BTreeMap<(Platform, String), Timestamp>,
}

/// Who decided where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) platform: Platform,
    pub(super) who: Who,
    pub(super) verdict: Verdict,
}

impl Times {
    /// What a trail tells.
    pub(super) fn of(trail: &[Entry]) -> Self {
        let mut times = Self::default();
        let mut word = None;
        for Entry { at, what, .. } in trail {
            match what {
                What::Raised { .. } => times.raised = Some(*at),
                What::Delivered { places } => note(&mut times.out, places, *at),
                What::Discovered { place } => note(&mut times.out, std::slice::from_ref(place), *at),
                What::Undelivered { failures } => {
                    let failures = failures.iter().map(|failure| (failure.place.platform, failure.problem.clone()));
                    times.failures.extend(failures);
                }
                What::Voted { who, platform, verdict, .. } => {
                    word = Some(Decided { platform: *platform, who: who.clone(), verdict: *verdict });
                }
                What::Decided { .. } => times.decided = word.clone().map(|word| (word, *at)),
                What::Resolved { status, .. } => times.resolved = Some((*status, *at)),
                What::Updated { status, places } if !matches!(status, Status::Pending | Status::Resolving) => {
                    note(&mut times.closed, places, *at);
                }
                What::Lost { places } => note(&mut times.lost, places, *at),
                _ => {}
            }
        }
        times
    }

    /// Takes in that a mail is seen to be answered. A mail cannot be changed, and the trail has nothing of what is said beside
    /// a message, so it is the moment of whoever looks.
    pub(super) fn answered(&mut self, person: &str, at: Timestamp) {
        let Some((_, decided)) = self.decided else { return };
        self.closed.entry((Platform::Email, person.to_owned())).or_insert(at.max(decided));
    }

    /// Whose mails are out and not answered, as far as the trail goes.
    pub(super) fn unanswered(&self) -> Vec<String> {
        let mails = self.out.keys().filter(|(platform, _)| *platform == Platform::Email);
        mails.filter(|place| !self.closed.contains_key(*place)).map(|(_, person)| person.clone()).collect()
    }

    /// Whether it has ended and every copy shows it.
    pub(super) fn is_done(&self) -> bool {
        let is_closed = |place| self.closed.contains_key(place) || self.lost.contains_key(place);
        self.resolved.is_some() && self.out.keys().all(is_closed)
    }

    /// Who decided, if somebody has.
    pub(super) fn decided(&self) -> Option<&Decided> {
        self.decided.as_ref().map(|(decided, _)| decided)
    }

    /// How it ended, if it has.
    pub(super) fn status(&self) -> Option<Status> {
        self.resolved.map(|(status, _)| status)
    }

    /// How long it took to get out on each platform, until the last place of it had it.
    pub(super) fn until_out(&self) -> BTreeMap<Platform, SignedDuration> {
        self.last_of(&self.out, self.raised)
    }

    /// How long it was open.
    pub(super) fn until_decided(&self) -> Option<SignedDuration> {
        let (_, decided) = self.decided.as_ref()?;
        Some(decided.duration_since(self.raised?))
    }

    /// How long it took from the decision until the last copy on each platform was closed.
    pub(super) fn until_closed(&self) -> BTreeMap<Platform, SignedDuration> {
        self.last_of(&self.closed, self.decided.as_ref().map(|(_, at)| *at))
    }

    /// Where it is out and not closed.
    pub(super) fn open(&self) -> Vec<Platform> {
        let open = self.out.keys().filter(|place| !self.closed.contains_key(*place));
        let mut platforms: Vec<Platform> = open.map(|(platform, _)| *platform).collect();
        platforms.dedup();
        platforms
    }

    /// Why it is not out on a platform, where that is known.
    pub(super) fn failure(&self, platform: Platform) -> Option<&str> {
        self.failures.get(&platform).map(String::as_str)
    }

    fn last_of(
        &self,
        places: &BTreeMap<(Platform, String), Timestamp>,
        from: Option<Timestamp>,
    ) -> BTreeMap<Platform, SignedDuration> {
        let mut last = BTreeMap::new();
        let Some(from) = from else { return last };
        for ((platform, _), at) in places {
            let took = at.duration_since(from);
            let longest = last.entry(*platform).or_insert(took);
            *longest = took.max(*longest);
        }
        last
    }
}

fn note(into: &mut BTreeMap<(Platform, String), Timestamp>, places: &[Place], at: Timestamp) {
    for Place { platform, target, .. } in places {
        into.entry((*platform, target.clone().unwrap_or_default())).or_insert(at);
    }
}
