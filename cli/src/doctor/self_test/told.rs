//! What is said of a self-test: a line for each platform, and the same for scripts.

use std::collections::BTreeMap;

use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::Verdict as Decision;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::times::{Decided, Times};
use crate::doctor::line::{Line, Verdict};

/// What became of a self-test.
pub(crate) struct Report {
    policy: Option<String>,
    pub(super) ran: Vec<Ran>,
    others: Vec<Line>,
}

/// What became of one approval.
pub(super) struct Ran {
    /// Where it was to be decided.
    platform: Platform,
    pub(super) execution: Option<String>,
    pub(super) approval: Option<ApprovalId>,
    pub(super) times: Times,
    /// When it was first seen to be decided.
    pub(super) seen_decided: Option<Instant>,
    /// When mails were first seen to be answered, by the keys of their people.
    pub(super) answered: BTreeMap<String, Timestamp>,
    /// Why it was given up, if so.
    pub(super) problem: Option<String>,
    /// Whether its execution was stopped.
    pub(super) is_stopped: bool,
}

impl Report {
    /// One in which nobody was asked, and why.
    pub(crate) fn without_any(line: Line) -> Self {
        Self { policy: None, ran: Vec::new(), others: vec![line] }
    }

    /// One under this policy, which leaves these platforms out.
    pub(super) fn of(policy: String, left_out: Vec<(Platform, Verdict)>) -> Self {
        let others = left_out.into_iter().map(|(platform, verdict)| Line::new(name(platform), verdict));
        Self { policy: Some(policy), ran: Vec::new(), others: others.collect() }
    }

    /// A line for each platform.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let ran = self.ran.iter().map(|ran| Line::new(name(ran.platform), ran.verdict()));
        ran.chain(self.others.iter().cloned()).collect()
    }

    /// The same for scripts.
    pub(crate) fn json(&self) -> Value {
        let lines = self.lines();
        let approvals: Vec<Value> = self.ran.iter().map(Ran::json).collect();
        json!({
            "ok": !lines.iter().any(Line::is_failure), "policy": self.policy, "lines": lines, "approvals": approvals,
        })
    }
}

fn name(platform: Platform) -> String {
    format!("self-test {}", platform.name())
}

impl Ran {
    pub(super) fn new(platform: Platform) -> Self {
        Self {
            platform,
            execution: None,
            approval: None,
            times: Times::default(),
            seen_decided: None,
            answered: BTreeMap::new(),
            problem: None,
            is_stopped: false,
        }
    }

    fn verdict(&self) -> Verdict {
        let out = steps(&self.times.until_out());
        let out = if out.is_empty() { String::new() } else { format!("out after {out}") };
        if let Some(problem) = &self.problem {
            let missing = self.times.failure(self.platform).map(|why| format!("; it is not out there: {why}"));
            let open = match self.times.open().iter().map(|platform| platform.name()).collect::<Vec<_>>().join(", ") {
                open if self.times.decided().is_some() && !open.is_empty() => format!("; still open in {open}"),
                _ => String::new(),
            };
            let stopped =
                if self.is_stopped { "; the execution was stopped, and what is out closes by itself" } else { "" };
            let out = if out.is_empty() { "; it is out nowhere yet".to_owned() } else { format!("; {out}") };
            return Verdict::Fail(format!("{problem}{out}{open}{}{stopped}", missing.unwrap_or_default()));
        }
        let Some(Decided { platform, who, verdict }) = self.times.decided() else {
            let status = self.times.status().map(|status| format!("{status:?}").to_lowercase()).unwrap_or_default();
            return Verdict::Fail(format!("nobody has decided it, and it is {status}"));
        };
        let after = self.times.until_decided().map(seconds).unwrap_or_default();
        let closed = steps(&self.times.until_closed());
        let told = format!(
            "{out}; {} {} by {} after {after}; closed {closed} later",
            done(*verdict),
            platform.as_place(),
            who.name
        );
        if *platform != self.platform {
            return Verdict::Fail(format!(
                "it was to be decided {}, whose button nobody has tried: {told}",
                self.platform.as_place()
            ));
        }
        match self.times.open().as_slice() {
            [] => Verdict::Ok(told),
            open => {
                let lost: Vec<&str> = open.iter().map(|platform| platform.name()).collect();
                Verdict::Fail(format!("a copy in {} can no longer be closed: {told}", lost.join(", ")))
            }
        }
    }

    fn json(&self) -> Value {
        let decided = self.times.decided();
        json!({
            "platform": self.platform.key(),
            "approval": self.approval,
            "execution": self.execution,
            "problem": self.problem,
            "stopped": self.is_stopped,
            "decidedOn": decided.map(|decided| decided.platform.key()),
            "decidedBy": decided.map(|decided| decided.who.person.clone()),
            "verdict": decided.map(|decided| decided.verdict),
            "outAfterMs": milliseconds(&self.times.until_out()),
            "decidedAfterMs": self.times.until_decided().map(|took| milliseconds_of(&took)),
            "closedAfterMs": milliseconds(&self.times.until_closed()),
        })
    }
}

fn done(verdict: Decision) -> &'static str {
    match verdict {
        Decision::Approve | Decision::BreakGlass => "approved",
        Decision::Reject => "rejected",
        Decision::Return => "sent back",
    }
}

/// How long each platform took: `Slack 1.2 s, e-mail 2.0 s`.
fn steps(times: &BTreeMap<Platform, SignedDuration>) -> String {
    let step = |(platform, took): (&Platform, &SignedDuration)| format!("{} {}", platform.name(), seconds(*took));
    times.iter().map(step).collect::<Vec<_>>().join(", ")
}

fn seconds(took: SignedDuration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn milliseconds(times: &BTreeMap<Platform, SignedDuration>) -> BTreeMap<&'static str, i64> {
    times.iter().map(|(platform, took)| (platform.key(), milliseconds_of(took))).collect()
}

fn milliseconds_of(took: &SignedDuration) -> i64 {
    i64::try_from(took.as_millis()).unwrap_or(i64::MAX)
}
