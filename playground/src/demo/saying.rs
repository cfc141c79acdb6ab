//! How an approver of the demonstration says something on each platform.

use anyhow::{Context, bail};
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::platforms::slack::{approving, card};
use countersign_bot::platforms::teams::{form, words};
use serde_json::json;

use super::Printer;
use crate::browser::Browser;
use crate::fakes::SubmitAnswer;
use crate::fakes::teams::Shown;
use crate::world::{Actor, World};

/// What an approver says.
pub(super) struct Said<'a> {
    /// Approve, reject or return, as all platforms name it.
    pub(super) action: &'a str,
    /// In their own words.
    pub(super) comment: &'a str,
    /// The answer to each input, by its name.
    pub(super) answers: Vec<(String, String)>,
}

impl Said<'_> {
    /// Whether this approves something that has to be confirmed.
    fn confirms(&self, approval: &Approval) -> bool {
        self.action == card::APPROVE && approval.request.needs_confirmation()
    }

    /// The answers by what a form calls the inputs.
    fn in_form(&self, prefix: &str) -> Vec<(String, &str)> {
        self.answers.iter().map(|(name, answer)| (format!("{prefix}{name}"), answer.as_str())).collect()
    }
}

/// Presses a button in Slack, fills in the form that opens, and returns what the presser alone was told.
pub(super) async fn press(
    world: &World,
    approval: &Approval,
    actor: &Actor,
    said: &Said<'_>,
) -> anyhow::Result<Option<String>> {
    let before = world.slack.ephemerals().len();
    let pressed = press_and_fill_in(world, approval, actor, said).await;
    let mut told = world.slack.ephemerals().into_iter().skip(before).filter(|told| told.user == actor.user.id);
    // Where a press is refused no form opens, and why is what the presser was told.
    match told.next_back() {
        Some(told) => Ok(Some(told.text)),
        None => pressed.map(|()| None),
    }
}

async fn press_and_fill_in(world: &World, approval: &Approval, actor: &Actor, said: &Said<'_>) -> anyhow::Result<()> {
    let card = approval.copies.iter().find_map(|copy| copy.message.on(Platform::Slack));
    let (channel, ts) = card.context("no card is out in Slack")?;
    if said.action == words::RETURN {
        world.slack.press(&actor.user, channel, ts, card::RETURN_IN_FORM, Some(said.comment)).await?;
        let taken = world.slack.submit(&actor.user, &[]).await?;
        return taken_without_mistakes(&taken);
    }
    if said.action != card::APPROVE || !approval.request.asks_approver() {
        world.slack.press(&actor.user, channel, ts, said.action, Some(said.comment)).await?;
        return Ok(());
    }
    world.slack.press(&actor.user, channel, ts, card::APPROVE_IN_FORM, Some(said.comment)).await?;
    let answers = said.in_form("input.");
    let answers = answers.iter().map(|(name, answer)| (name.as_str(), *answer));
    let confirmed = said.confirms(approval).then_some((approving::CONFIRMED, approving::CONFIRMED));
    let taken = world.slack.submit(&actor.user, &answers.chain(confirmed).collect::<Vec<_>>()).await?;
    taken_without_mistakes(&taken)
}

fn taken_without_mistakes(taken: &SubmitAnswer) -> anyhow::Result<()> {
    if !taken.errors.is_empty() {
        bail!("the form of Slack was not taken: {:?}", taken.errors);
    }
    Ok(())
}

/// Presses a button in Teams, with the inputs of the card filled in, and returns what the presser alone was told.
pub(super) async fn press_in_teams(
    world: &World,
    approval: &Approval,
    actor: &Actor,
    said: &Said<'_>,
) -> anyhow::Result<Option<String>> {
    let card = approval.copies.iter().find_map(|copy| copy.message.on(Platform::Teams));
    let (_, card) = card.context("no card is out in Teams")?;
    let user = actor.teams.as_ref().with_context(|| format!("{} is not in Teams", actor.name))?;
    let comment = match said.action {
        words::REJECT => words::REASON,
        words::RETURN => words::CHANGES,
        _ => words::COMMENT,
    };
    let answers = said.in_form(form::INPUT);
    let answers = answers.iter().map(|(name, answer)| (name.as_str(), *answer)).chain([(comment, said.comment)]);
    let confirmed = said.confirms(approval).then_some((words::CONFIRMED, words::CONFIRMED_ON));
    let pressed = world.teams.press(user, card, said.action, &answers.chain(confirmed).collect::<Vec<_>>()).await?;
    Ok(match pressed.shown {
        Shown::Message(told) | Shown::Failure(told) => Some(told),
        Shown::Card(_) => None,
    })
}

/// Opens the link of a mail, fills the form in and submits it.
pub(super) async fn answer_mail(
    world: &World,
    approval: &Approval,
    to: &str,
    said: &Said<'_>,
    printer: &Printer,
) -> anyhow::Result<()> {
    let mails = world.mailbox.mails();
    let mut links = mails.iter().rev().filter(|mail| mail.to.contains(to)).filter_map(|mail| mail.link());
    let link = links.find(|link| link.contains(approval.id.as_str()));
    let link = link.with_context(|| format!("there is no mail with a link for {to}"))?;
    let browser = Browser::new();
    let page = browser.get(&link).await?;
    printer.print("page", &format!("The page opens ({}) and has changed nothing", page.status), json!({}))?;
    let answers = said.in_form("input.");
    let answers = answers.iter().map(|(name, answer)| (name.as_str(), *answer));
    let fields = answers.chain([("verdict", said.action), ("comment", said.comment)]);
    let confirmed = said.confirms(approval).then_some(("confirmed", "yes"));
    let answer = browser.answer(&link, &fields.chain(confirmed).collect::<Vec<_>>()).await?;
    if answer.status != 200 {
        bail!("the page answered {}", answer.status);
    }
    Ok(())
}
