//! What people read in Teams: the card, the notes in its thread, and what the bot says about itself.

use crate::approval::notes::Note;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::messages::dialect::{PLAIN, TEAMS};
use crate::messages::escape::{one_line, visible};
use crate::messages::{answers, break_glass, commands, notes};

/// The verb of the action that approves.
pub const APPROVE: &str = "approve";
/// The verb of the action that rejects.
pub const REJECT: &str = "reject";
/// The verb of the action that sends the request back.
pub const RETURN: &str = "return";
/// The verb of the action that says that one is looking at it.
pub const CLAIM: &str = "claim";
/// The verb of the action that says that one no longer is.
pub const LET_GO: &str = "let_go";
/// The verb of the action that takes the request back.
pub const TAKE_BACK: &str = "take_back";
/// The comment input of the card, which comes with either verb.
pub const COMMENT: &str = "comment";
/// The reason input that opens with Reject, which comes with that verb only. Ids are unique in the whole card, so it
/// is not a second `COMMENT`; `written` makes one text of the two.
pub const REASON: &str = "reason";

/// The same for what is to be changed, which opens with Send back.
pub const CHANGES: &str = "changes";

/// In a note that may address many.
const ADDRESSED_NAME_MAX: usize = 60;

/// The toggle that confirms an approval, in a card that opens with Approve. It comes with either state, so what counts is
/// `CONFIRMED_ON`.
pub const CONFIRMED: &str = "confirmed";
/// The toggle's value once somebody has set it.
pub const CONFIRMED_ON: &str = "true";
/// The toggle's value until then.
pub const CONFIRMED_OFF: &str = "false";

/// What a person wrote with a decision, whole: the reason or what is to be changed, then the comment. The inputs that the press carried, empty
/// where one is missing.
pub fn written(reason: &str, comment: &str) -> Option<String> {
    let written = [reason.trim(), comment.trim()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    (!written.is_empty()).then(|| written.join("\n"))
}

/// The card in one plain line, for the notification of its message.
pub fn summary(approval: &Approval) -> String {
    let title = visible(one_line(&approval.request.title));
    format!("{title}: {}", answers::standing(approval, PLAIN))
}

/// What is told in the thread of a card, as Markdown: reminders and the escalation to those who may decide, the ends to
/// the requester.
pub fn note(approval: &Approval, note: &Note) -> String {
    match note {
        Note::Reminder { at } => notes::reminder(approval, *at, TEAMS, address),
        Note::Escalation => notes::escalation(approval, TEAMS, address),
        Note::GlassBroken => break_glass::note(approval, TEAMS, address),
        Note::GlassReminder { .. } => break_glass::reminder(approval, TEAMS, address),
        Note::Acknowledged => break_glass::mark(approval, TEAMS).unwrap_or_default(),
        Note::Outcome => to_requester(approval, &notes::outcome(approval, TEAMS)),
        Note::Result(end) => to_requester(approval, &notes::result(approval, end, TEAMS)),
    }
}

/// How to use the bot, and the id that the policy file needs to send cards to this conversation.
pub fn help(conversation: &str) -> String {
    format!("{}\n\n{}", commands::help(TEAMS), how_to_get_cards(conversation))
}

/// What the bot says when it is added to a conversation.
pub fn hello(conversation: &str) -> String {
    format!(
        "I am Countersign. When a workflow needs a decision, I post a card here: press Approve or Reject on it, and the \
         workflow goes on. Who may decide is in my policy file.\n\n{}\n\n{}",
        how_to_get_cards(conversation),
        commands::help(TEAMS)
    )
}

/// The thread that a message was sent in is no part of the id.
fn how_to_get_cards(conversation: &str) -> String {
    let id: String = conversation.split(';').next().unwrap_or_default().chars().filter(|c| *c != '`').collect();
    format!("The cards of a policy come to this conversation if the policy file says `teams_conversation = \"{id}\"`.")
}

/// Named, not mentioned: a mention has to be announced beside the text of a message.
fn address(person: &Person) -> String {
    TEAMS.excerpt(&person.name, ADDRESSED_NAME_MAX)
}

/// The requester is named too.
fn to_requester(approval: &Approval, text: &str) -> String {
    match &approval.request.requester {
        Some(person) => format!("{}: {text}", TEAMS.text(&answers::named(&person.name))),
        None => text.to_owned(),
    }
}
