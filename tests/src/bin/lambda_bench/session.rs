//! The order of a run: starts and events of all functions in turns, so that a busy moment of the machine falls on all
//! alike.

use anyhow::ensure;
use serde_json::json;

use crate::approvals::Approvals;
use crate::figures::Figures;
use crate::function::Function;
use crate::messenger::Messenger;
use crate::peers::PeerApprovals;
use crate::services::Services;
use crate::subject::{Subject, To};

/// How often everything is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Starts of each function.
    pub(crate) starts: usize,
    /// Events that fill connections and caches, and are not counted.
    pub(crate) warm_up: usize,
    /// Turns of each function.
    pub(crate) rounds: usize,
    /// Events in a turn.
    pub(crate) events_of_round: usize,
}

impl Counts {
    pub(crate) const FULL: Self = Self { starts: 25, warm_up: 20, rounds: 10, events_of_round: 50 };
    /// Enough to see everything work.
    pub(crate) const SHORT: Self = Self { starts: 2, warm_up: 1, rounds: 2, events_of_round: 3 };

    /// The approvals that our functions raise and decide.
    pub(crate) fn approvals(self) -> usize {
        self.warm_up + self.rounds * self.events_of_round + self.starts
    }
}

/// The functions of a run, or what has become of them.
pub(crate) struct Measured<T = Figures> {
    pub(crate) floor: T,
    pub(crate) webhook: T,
    pub(crate) notifier: T,
    pub(crate) peers: Vec<T>,
}

/// One run.
pub(crate) struct Session<'a> {
    counts: Counts,
    approvals: Approvals<'a>,
    messenger: Messenger,
    peer_approvals: PeerApprovals<'a>,
    /// How many calls of AWS a click makes when nothing has to be read again.
    calls_of_click: usize,
}

impl<'a> Session<'a> {
    pub(crate) fn new(services: &'a Services, messenger: Messenger, counts: Counts) -> Self {
        let (approvals, peer_approvals) = (Approvals::new(services), PeerApprovals::new(services));
        Self { counts, approvals, messenger, peer_approvals, calls_of_click: usize::MAX }
    }

    /// Measures the functions, and counts the calls of AWS that a click makes; fails if any gives a wrong answer.
    pub(crate) async fn run(mut self, functions: Measured<&Function>) -> anyhow::Result<(Measured, usize)> {
        for peer in &functions.peers {
            self.peer_approvals.check_refusals(peer).await?;
        }
        let Counts { starts, warm_up, rounds, events_of_round } = self.counts;
        let mut subjects = Measured {
            floor: Subject::start(functions.floor, warm_up).await?,
            webhook: Subject::start(functions.webhook, warm_up).await?,
            notifier: Subject::start(functions.notifier, warm_up).await?,
            peers: Vec::new(),
        };
        for peer in functions.peers {
            subjects.peers.push(Subject::start(peer, warm_up).await?);
        }
        self.turn(&mut subjects, To::Warm, warm_up).await?;
        for _ in 0..rounds {
            self.turn(&mut subjects, To::Warm, events_of_round).await?;
        }
        for _ in 0..starts {
            self.turn(&mut subjects, To::Cold, 1).await?;
        }
        let mut peers = Vec::new();
        for peer in subjects.peers {
            peers.push(peer.figures().await?);
        }
        let measured = Measured {
            floor: subjects.floor.figures().await?,
            webhook: subjects.webhook.figures().await?,
            notifier: subjects.notifier.figures().await?,
            peers,
        };
        Ok((measured, self.calls_of_click))
    }

    /// Every function gets so many events, one function after the other.
    async fn turn(&mut self, subjects: &mut Measured<Subject<'_>>, to: To, events: usize) -> anyhow::Result<()> {
        let nothing = json!({});
        for _ in 0..events {
            let answer = subjects.floor.give(to, &nothing).await?;
            ensure!(answer == nothing, "the function that does nothing answered {answer}");
        }
        let mut pending = Vec::new();
        for _ in 0..events {
            let (token, event) = self.approvals.request();
            let answer = subjects.notifier.give(to, &event).await?;
            self.messenger.deliver().await?;
            pending.push(self.approvals.raised(token, &answer)?);
        }
        for approval in pending {
            let before = self.approvals.calls();
            let answer = subjects.webhook.give(to, &self.approvals.click(&approval)?).await?;
            self.calls_of_click = self.calls_of_click.min(self.approvals.calls() - before);
            self.approvals.check_click(&approval, &answer)?;
        }
        self.messenger.leave();
        for peer in &mut subjects.peers {
            for _ in 0..events {
                let asked = self.peer_approvals.ask().await?;
                let answer = peer.give(to, &asked.click).await?;
                self.peer_approvals.check(&asked, &answer)?;
            }
        }
        Ok(())
    }
}
