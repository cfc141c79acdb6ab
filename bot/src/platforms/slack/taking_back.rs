//! The form that takes a request back. It asks first: a dialog of Slack's would ask before every option of the menu, also
//! before those that do no harm.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use slack_morphism::SlackCallbackId;
use slack_morphism::blocks::{SlackModalView, SlackSectionBlock, SlackView};

use super::elements::{plain, typed, whole};
use super::interaction::{Actor, View};
use super::{Slack, form, rich_text};
use crate::approval::ids::ApprovalId;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::transitions::cancel::{Cancellation, cancel};
use crate::flow::app::App;
use crate::messages::answers;
use crate::messages::dialect::SLACK;
use crate::messages::escape::{one_line, visible};
use crate::net::deadline::Deadline;
use crate::platforms::malformed::Malformed;
use crate::platforms::press::take_back_in_words;

/// Tells a submission of this form from others.
pub(super) const CALLBACK_ID: &str = "take_back";

/// The head of the form.
const TITLE: &str = "Take back";

/// What the form carries from its opening to its submission.
#[derive(Serialize, Deserialize)]
struct Metadata {
    approval: ApprovalId,
}

/// Opens the form in front of whoever may take the request back. Anybody else hears why they cannot.
pub(super) async fn open(
    app: &App,
    slack: Option<&Slack>,
    id: &ApprovalId,
    person: Person,
    trigger_id: &str,
    deadline: Deadline,
) -> Option<String> {
    let cancellation = Cancellation { person, platform: Platform::Slack };
    let approval = match deadline.run("store", app.ports.store.load(id)).await {
        Ok(approval) => approval,
        Err(error) => {
            tracing::error!(approval.id = %id, %error, "a form could not be made");
            return Some(answers::not_looked_up());
        }
    };
    let counts = |approval: &Approval| cancel(approval, &cancellation, app.now()).is_ok();
    let Some(approval) = approval.filter(counts) else {
        return Some(take_back_in_words(app, id, &cancellation, SLACK, deadline).await);
    };
    let opened = slack?.client.open_view(trigger_id, view(&approval), deadline).await;
    opened.err().map(|error| {
        tracing::warn!(%error, "a form that takes back could not be opened");
        answers::not_looked_up()
    })
}

/// Takes back what the form is about, and says in its place what has become of it.
pub(super) async fn submit(app: &App, actor: &Actor, view: &View, deadline: Deadline) -> Result<Response, Malformed> {
    let Metadata { approval } = view.opened_with()?;
    let words = match actor.decider(app) {
        Err(stranger) => answers::stranger(stranger),
        Ok(person) => {
            let cancellation = Cancellation { person, platform: Platform::Slack };
            take_back_in_words(app, &approval, &cancellation, SLACK, deadline).await
        }
    };
    Ok(Json(form::says_under(TITLE, &words)).into_response())
}

fn view(approval: &Approval) -> SlackView {
    let title = whole(SlackSectionBlock::new().with_text(typed(&visible(one_line(&approval.request.title)))));
    let blocks = vec![title, rich_text::block(answers::TAKING_BACK)];
    let metadata = Metadata { approval: approval.id.clone() };
    SlackView::Modal(
        SlackModalView::new(plain(TITLE), blocks)
            .with_submit(plain("Take back"))
            .with_close(plain("Keep waiting"))
            .with_callback_id(SlackCallbackId(CALLBACK_ID.to_owned()))
            .with_private_metadata(serde_json::to_string(&metadata).unwrap_or_default()),
    )
}
