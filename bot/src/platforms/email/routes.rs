//! E-mail: the page behind a link. `GET` shows what is asked and changes nothing; a person's `POST` decides.
//!
//! Mail scanners open every link, some press what looks like a button or submit a form as it stands. So no link decides,
//! no page has script that would, and no form decides by what it holds: the verdict has to be chosen, on a page that was
//! served for this link.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use data_encoding::BASE64;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::MailState;
use super::link::{Link, LinkKeys, NotServed};
use super::page::{self, Form, INPUT, Input, Notice, Page};
use super::text::Summary;
use crate::approval::break_glass::GlassRefusal;
use crate::approval::entry::Mistake;
use crate::approval::ids::ApprovalId;
use crate::approval::place::{MessageRef, Platform};
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::request::{Answers, Request};
use crate::approval::state::{State as ApprovalState, Verdict};
use crate::approval::transitions::decide::{self, Command, Refusal};
use crate::flow::app::App;
use crate::flow::delegations;
use crate::flow::resolve::{self, Answer};
use crate::messages::answers;
use crate::messages::dialect::PLAIN;
use crate::net::deadline::{Deadline, Unavailable};

/// A person at a browser waits this long at most.
const PATIENCE: Duration = Duration::from_secs(8);

/// Nothing is loaded from anywhere, the one style sheet is named by its hash, and the form posts only here.
static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64.encode(&Sha256::digest(include_str!("../../../templates/style.css").trim_end()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

#[derive(Deserialize)]
pub(super) struct LinkQuery {
    #[serde(default)]
    k: String,
}

/// The form of the page, of which anything may be missing: not every client keeps to what the page requires.
#[derive(Default)]
struct DecisionForm {
    served: String,
    verdict: String,
    typed: Typed,
}

/// What people type into the form.
#[derive(Clone, Default)]
struct Typed {
    comment: String,
    answers: Answers,
}

/// What came of the form, for the page that answers it.
struct Outcome {
    status: StatusCode,
    notice: Notice,
    chosen: Option<Verdict>,
    /// What was typed; nothing on a page that is opened.
    typed: Option<Typed>,
    /// Whether what is wrong with the inputs is told.
    are_inputs_wrong: bool,
}

/// Whoever holds a verified link to an approval that exists.
struct Visitor {
    approval: Approval,
    person: Person,
    link: Link,
    keys: LinkKeys,
}

/// `GET /email/approvals/{approval_id}?k=…`, and `HEAD`.
pub(super) async fn show(
    State(state): State<MailState>,
    Path(id): Path<String>,
    Query(query): Query<LinkQuery>,
) -> Response {
    match visitor(&state, &id, &query, Deadline::after(PATIENCE)).await {
        Ok(visitor) => answer(&state.app, visitor, Outcome::of(StatusCode::OK, Notice::None)),
        Err(response) => response,
    }
}

/// `POST /email/approvals/{approval_id}?k=…` with the fields of the form.
pub(super) async fn decide(
    State(state): State<MailState>,
    Path(id): Path<String>,
    Query(query): Query<LinkQuery>,
    body: Bytes,
) -> Response {
    let deadline = Deadline::after(PATIENCE);
    let app = &state.app;
    let visitor = match visitor(&state, &id, &query, deadline).await {
        Ok(visitor) => visitor,
        Err(response) => return response,
    };
    let form = match read(&body) {
        Ok(form) => form,
        Err(problem) => return answer(app, visitor, Outcome::of(StatusCode::BAD_REQUEST, Notice::Again(problem))),
    };
    if visitor.approval.state == ApprovalState::Pending {
        if app.now() >= visitor.link.expires {
            let refusal = Refusal::TooLate { deadline: visitor.link.expires };
            let notice = Notice::Problem(answers::refusal(&refusal, PLAIN));
            return answer(app, visitor, Outcome::of(StatusCode::CONFLICT, notice));
        }
        let served = visitor.keys.served(&visitor.approval.id, &visitor.person.id, &form.served, app.now());
        if let Err(reason) = served {
            return not_served(app, visitor, reason, form.typed);
        }
    }
    let Some(verdict) = verdict(&form.verdict) else {
        let choices = if visitor.approval.rules.returns { "Approve, Reject or Send back" } else { "Approve or Reject" };
        let notice = Notice::Again(format!("Nothing was decided: choose {choices}, then submit."));
        let outcome = Outcome::of(StatusCode::UNPROCESSABLE_ENTITY, notice);
        return answer(app, visitor, Outcome { typed: Some(form.typed), ..outcome });
    };
    carry_out(app, visitor, verdict, form.typed, deadline).await
}

/// What was chosen is chosen anew on the page as it is now, so that no form that nobody has seen comes back filled in.
/// Whoever cannot decide any more hears why.
fn not_served(app: &App, visitor: Visitor, reason: NotServed, typed: Typed) -> Response {
    tracing::warn!(approval.id = %visitor.approval.id, %reason, "a form was refused");
    let own = visitor.approval.votes.iter().find(|vote| vote.person == visitor.person.id);
    let voted = own.map(|vote| Refusal::AlreadyVoted { verdict: vote.verdict, at: vote.at });
    if let Some(refusal) = decide::authorise(&visitor.approval, &visitor.person, app.now()).err().or(voted) {
        let notice = Notice::Problem(answers::refusal(&refusal, PLAIN));
        return answer(app, visitor, Outcome::of(status(&refusal), notice));
    }
    let why = match reason {
        NotServed::Expired => "This page had been open for too long",
        NotServed::Missing | NotServed::Invalid => "This was not sent from the page behind your link",
    };
    let notice = Notice::Again(format!("{why}, so nothing was decided. Look at the request again, choose and submit."));
    answer(app, visitor, Outcome { typed: Some(typed), ..Outcome::of(StatusCode::FORBIDDEN, notice) })
}

async fn carry_out(app: &App, mut visitor: Visitor, verdict: Verdict, typed: Typed, deadline: Deadline) -> Response {
    let command = Command {
        person: visitor.person.clone(),
        platform: Platform::Email,
        verdict,
        comment: (!typed.comment.is_empty()).then(|| typed.comment.clone()),
        answers: typed.answers.clone(),
        message: Some(MessageRef::Email { person: visitor.person.id.clone() }),
        shown: Some(visitor.approval.content_hash()),
    };
    let mut are_inputs_wrong = false;
    let (status, notice) = match resolve::carry_out(app, &visitor.approval.id, &command, deadline).await {
        Ok(Answer::Recorded(approval)) => {
            let text = answers::recorded(&approval, verdict);
            let text = text.unwrap_or_else(|| answers::thanks(&approval, verdict));
            visitor.approval = *approval;
            return answer(app, visitor, Outcome::of(StatusCode::OK, Notice::Done(text)));
        }
        Ok(Answer::Unknown) => return not_found(),
        Ok(Answer::Refused { refusal, approval }) => {
            visitor.approval = *approval;
            are_inputs_wrong = matches!(refusal, Refusal::Lacking(_));
            (status(&refusal), Notice::Problem(answers::refusal(&refusal, PLAIN)))
        }
        Err(error) => {
            tracing::error!(approval.id = %visitor.approval.id, %error, "a decision could not be recorded");
            (StatusCode::SERVICE_UNAVAILABLE, Notice::Problem(answers::try_again()))
        }
    };
    answer(app, visitor, Outcome { status, notice, chosen: Some(verdict), typed: Some(typed), are_inputs_wrong })
}

impl Outcome {
    /// One that leaves nothing chosen and nothing typed.
    fn of(status: StatusCode, notice: Notice) -> Self {
        Self { status, notice, chosen: None, typed: None, are_inputs_wrong: false }
    }

    /// What the form shows of the inputs of a request.
    fn inputs(&self, request: &Request) -> Vec<Input> {
        let entries = match &self.typed {
            Some(typed) => request.written(&typed.answers.inputs),
            None => request.unanswered(),
        };
        let inputs = entries.into_iter().map(Input::new);
        inputs.map(|input| Input { mistake: input.mistake.filter(|_| self.are_inputs_wrong), ..input }).collect()
    }
}

fn verdict(text: &str) -> Option<Verdict> {
    [Verdict::Approve, Verdict::Reject, Verdict::Return].into_iter().find(|verdict| page::value(*verdict) == text)
}

fn read(body: &[u8]) -> Result<DecisionForm, String> {
    let fields: Vec<(String, String)> =
        serde_urlencoded::from_bytes(body).map_err(|error| format!("The form cannot be read: {error}."))?;
    let (mut form, mut confirmed, mut seen) = (DecisionForm::default(), String::new(), BTreeSet::new());
    for (name, value) in fields {
        let field = match (name.as_str(), name.strip_prefix(INPUT)) {
            ("served", _) => &mut form.served,
            ("verdict", _) => &mut form.verdict,
            ("comment", _) => &mut form.typed.comment,
            ("confirmed", _) => &mut confirmed,
            (_, Some(input)) => form.typed.answers.inputs.entry(input.to_owned()).or_default(),
            (_, None) => continue,
        };
        *field = value;
        if !seen.insert(name.clone()) {
            return Err(format!("The form cannot be read: duplicate field `{}`.", Mistake::quoted(&name)));
        }
    }
    form.typed.answers.confirmed = confirmed == page::CONFIRMED;
    // A form sends its line breaks as two characters, and the field counts one.
    form.typed.comment = form.typed.comment.replace("\r\n", "\n").trim().to_owned();
    Ok(form)
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAnApprover { .. }
        | Refusal::SomebodyElse
        | Refusal::OwnRequest
        | Refusal::ApprovedElsewhere { .. }
        | Refusal::NoReturns
        | Refusal::Glass(GlassRefusal::MayNotBreak | GlassRefusal::Own | GlassRefusal::MayNotAcknowledge { .. })
        | Refusal::NotTheRequester { .. } => StatusCode::FORBIDDEN,
        Refusal::ReasonRequired
        | Refusal::ReturnNeedsReason
        | Refusal::Glass(GlassRefusal::NeedsReason)
        | Refusal::CommentTooLong
        | Refusal::Lacking(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::AlreadyVoted { .. }
        | Refusal::AlreadyDecided { .. }
        | Refusal::Closed { .. }
        | Refusal::TooLate { .. }
        | Refusal::OtherContent
        | Refusal::Unproven
        | Refusal::SeatsTaken { .. }
        | Refusal::PlaceTaken
        | Refusal::Looking { .. }
        | Refusal::NotLooking
        | Refusal::Glass(
            GlassRefusal::NobodyToAcknowledge
            | GlassRefusal::CannotAnswer(_)
            | GlassRefusal::NotBroken
            | GlassRefusal::AlreadyAcknowledged { .. },
        )
        | Refusal::OtherFirst { .. } => StatusCode::CONFLICT,
    }
}

/// Verifies the link before anything is read from the store, and the person before anything is shown.
async fn visitor(state: &MailState, id: &str, query: &LinkQuery, deadline: Deadline) -> Result<Visitor, Response> {
    let MailState { app, keys } = state;
    let Some(keys) = keys else {
        return Err(StatusCode::NOT_FOUND.into_response());
    };
    let id = ApprovalId::parse(id).map_err(|_| not_found())?;
    let link = keys.verify(&id, &query.k).map_err(|reason| {
        tracing::warn!(%reason, "a request with a link was refused");
        unauthorised()
    })?;
    if let Err(why) = app.policy.in_force() {
        tracing::error!(approval.id = %id, %why, "without a policy nobody can be shown anything");
        return Err(guarded(StatusCode::SERVICE_UNAVAILABLE, page::unavailable()));
    }
    // Whoever has left the policy since can no longer use the link.
    let person = app.policy.people.get(&link.person).cloned().ok_or_else(unauthorised)?;
    match deadline.run("store", app.ports.store.load(&id)).await {
        // A link is as good as the mailbox that it was sent to, which has to be the person's today.
        Ok(Some(approval)) if !approval.rules.mailed(&person) => Err(guarded(StatusCode::FORBIDDEN, page::moved())),
        Ok(Some(approval)) => match delegations::as_of_now(app, approval, deadline).await {
            Ok(approval) => Ok(Visitor { approval, person, link, keys: keys.clone() }),
            Err(error) => Err(not_shown(&id, &error)),
        },
        Ok(None) => Err(not_found()),
        Err(error) => Err(not_shown(&id, &error)),
    }
}

fn not_shown(id: &ApprovalId, error: &Unavailable) -> Response {
    tracing::error!(approval.id = %id, %error, "an approval could not be shown");
    guarded(StatusCode::SERVICE_UNAVAILABLE, page::unavailable())
}

fn answer(app: &App, visitor: Visitor, outcome: Outcome) -> Response {
    let Visitor { approval, person, link, keys } = visitor;
    let now = app.now();
    let open = approval.state == ApprovalState::Pending && now < approval.request.deadline && now < link.expires;
    let has_voted = approval.votes.iter().any(|vote| vote.person == person.id);
    let authorised = decide::authorise(&approval, &person, now);
    let may_decide = open && authorised.is_ok() && !has_voted;
    let inputs = outcome.inputs(&approval.request);
    let Outcome { status, notice, chosen, typed, .. } = outcome;
    let notice = match (notice, &authorised) {
        (Notice::None | Notice::Again(_), Err(refusal)) if open => Notice::Problem(answers::refusal(refusal, PLAIN)),
        (Notice::Again(_), _) if !may_decide => Notice::None,
        (notice, _) => notice,
    };
    let form = may_decide.then(|| Form {
        served: keys.serve(&approval.id, &person.id, now),
        chosen,
        returns: approval.rules.returns,
        comment: typed.unwrap_or_default().comment,
        inputs,
        needs_confirmation: approval.request.needs_confirmation(),
    });
    let page = Page {
        summary: Summary::new(&approval, &app.links),
        name: person.name,
        notice,
        comment: page::comment(&approval.rules),
        form,
    };
    guarded(status, page::page(&page))
}

fn unauthorised() -> Response {
    guarded(StatusCode::UNAUTHORIZED, page::refused())
}

fn not_found() -> Response {
    guarded(StatusCode::NOT_FOUND, page::refused())
}

/// A page that is not stored, not framed, not indexed, and names its address to nobody.
fn guarded(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.as_str()),
    ];
    (status, headers, Html(html)).into_response()
}
