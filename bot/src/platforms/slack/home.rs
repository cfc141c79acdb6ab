//! The home of the app: what waits for one person, with the buttons of the card, and what they asked for.
//!
//! Whoever presses here sees the whole request, as on the card. What has no room is counted.

use slack_morphism::blocks::{
    SlackBlock, SlackDividerBlock, SlackHeaderBlock, SlackHomeView, SlackModalView, SlackSectionBlock, SlackView,
};

use super::buttons;
use super::card::{self, Room};
use super::elements::{plain, typed, whole};
use super::more::{self, More};
use super::rich_text;
use crate::approval::home::{Overview, Page};
use crate::approval::limits::slack::{HOME_BLOCKS_MAX, HOME_MAX_BYTES};
use crate::approval::policy::Stranger;
use crate::approval::record::Approval;
use crate::approval::state::State;
use crate::links::Links;
use crate::messages::dialect::SLACK;
use crate::messages::escape::{one_line, visible};
use crate::messages::{answers, away, break_glass, calling, claims, homes as words, links};

/// What an app does that has no words of its own to say.
const TITLE: &str = "Countersign";
/// More of what somebody asked for, or has to acknowledge, is counted.
const RAISED_MAX: usize = 8;
const UNACKNOWLEDGED_MAX: usize = 5;
/// Blocks that are left for what comes after what waits: three heads, what is counted, and the last line.
const BLOCKS_LEFT: usize = 8 + 2 * RAISED_MAX + 2 * UNACKNOWLEDGED_MAX;

/// The view of a page.
pub(super) fn view(page: &Page, links: &Links) -> SlackView {
    let blocks = match page {
        Page::Overview(overview) => overview_blocks(overview, links),
        Page::Unlisted => vec![rich_text::block(&answers::stranger(Stranger::Unlisted))],
    };
    home(blocks)
}

/// The view of somebody who may not use the app.
pub(super) fn of_stranger(stranger: Stranger) -> SlackView {
    let welcome = rich_text::block(&words::welcome());
    home(vec![SlackHeaderBlock::new(plain(TITLE)).into(), welcome, rich_text::block(&answers::stranger(stranger))])
}

/// A view in front of somebody that says something, for whom there is no channel to say it in.
pub(super) fn saying(text: &str) -> SlackView {
    let view = SlackModalView::new(plain(TITLE), vec![rich_text::block(text)]);
    SlackView::Modal(view.with_close(plain("Close")))
}

fn home(blocks: Vec<SlackBlock>) -> SlackView {
    SlackView::Home(SlackHomeView::new(blocks))
}

fn overview_blocks(overview: &Overview, links: &Links) -> Vec<SlackBlock> {
    let mut blocks = vec![head(&words::waiting(overview.waiting.len(), overview.are_all))];
    blocks.extend(waiting(overview, links));
    blocks.extend(unacknowledged(overview));
    blocks.extend(raised(overview, links));
    let at = SLACK.when(overview.at);
    blocks.push(SlackDividerBlock::new().into());
    blocks.push(rich_text::context(&[words::last_line(&at, SLACK)]));
    blocks
}

fn head(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(text)).into()
}

/// As many of those that wait as there is room for, and how many there are besides.
fn waiting(overview: &Overview, links: &Links) -> Vec<SlackBlock> {
    let (mut blocks, mut bytes) = (Vec::new(), 0);
    for (shown, approval) in overview.waiting.iter().enumerate() {
        let entry = entry(approval, links);
        let size = serde_json::to_string(&entry).map_or(0, |json| json.len());
        if blocks.len() + entry.len() + BLOCKS_LEFT > HOME_BLOCKS_MAX || bytes + size > HOME_MAX_BYTES {
            let more = words::more(overview.waiting.len() - shown, overview.are_all, SLACK);
            blocks.push(rich_text::block(&more));
            return blocks;
        }
        bytes += size;
        blocks.extend(entry);
    }
    if !overview.are_all {
        blocks.push(rich_text::block(&words::more(0, false, SLACK)));
    }
    blocks
}

/// One that waits: all that its card shows of what is asked, and the buttons.
fn entry(approval: &Approval, links: &Links) -> Vec<SlackBlock> {
    let title = SLACK.strong(&SLACK.text(&visible(one_line(&approval.request.title))));
    let mark = approval.request.risk.map(|risk| format!("\n{}", card::marked(risk)));
    let claimed = claims::line(approval, SLACK).map(|line| format!("\n:eyes: {line}"));
    let beside = [mark, claimed].map(Option::unwrap_or_default).concat();
    let mut blocks: Vec<SlackBlock> = vec![SlackDividerBlock::new().into()];
    blocks.push(rich_text::block(&format!("{title}{beside}")));
    blocks.extend(card::asked(approval));
    blocks.extend(buttons::of_home(approval));
    let lines = [calling::may_decide(approval), away::line(approval)].into_iter().flatten();
    let lines: Vec<String> = lines.map(|line| SLACK.text(&line)).collect();
    blocks.push(card::about(approval, Room::Enough, &lines));
    blocks.push(card::names(approval, links, Room::Enough));
    blocks
}

/// The glass that was broken, with how to acknowledge it.
fn unacknowledged(overview: &Overview) -> Vec<SlackBlock> {
    if overview.unacknowledged.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![head(words::UNACKNOWLEDGED)];
    for approval in overview.unacknowledged.iter().take(UNACKNOWLEDGED_MAX) {
        let title = SLACK.strong(&SLACK.text(&visible(one_line(&approval.request.title))));
        let mark = break_glass::mark(approval, SLACK).unwrap_or_default();
        blocks.push(rich_text::block(&format!("{title}\n{} {mark}", card::SIREN)));
    }
    let more = overview.unacknowledged.len().saturating_sub(UNACKNOWLEDGED_MAX);
    blocks.extend((more > 0).then(|| rich_text::block(&words::more(more, true, SLACK))));
    blocks
}

/// What the person asked for, with how it stands. What still waits can be taken back.
fn raised(overview: &Overview, links: &Links) -> Vec<SlackBlock> {
    if overview.raised.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![head(words::RAISED)];
    for approval in overview.raised.iter().take(RAISED_MAX) {
        let title = SlackSectionBlock::new().with_text(typed(&visible(one_line(&approval.request.title))));
        let menu = more::menu(approval, More::of_raised());
        let title = title.opt_accessory(menu.map(Into::into)).with_block_id(format!("raised.{}", approval.id).into());
        let card = links::to_card(approval, links, SLACK).map(|url| format!(" · {}", SLACK.link(&url, "see it")));
        let standing = match &approval.state {
            State::Pending => answers::progress(approval, SLACK),
            State::Resolving(_) | State::Resolved(_) => answers::standing(approval, SLACK),
        };
        let id = SLACK.code(approval.id.as_str());
        blocks.push(whole(title));
        blocks.push(rich_text::block(&format!("{standing} · {id}{}", card.unwrap_or_default())));
    }
    let more = overview.raised.len().saturating_sub(RAISED_MAX);
    blocks.extend((more > 0).then(|| rich_text::block(&words::more(more, true, SLACK))));
    blocks
}
