//! E-mail: the page behind a link. `GET` shows what is asked and changes nothing; a person's `POST` decides.
//!
//! Mail scanners open every link, some press what looks like a button; so the page has no script that would
//! press it, and no link decides.

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
use super::link::Link;
use super::page::{self, Notice, Page};
use super::text::Summary;
use crate::approval::ids::ApprovalId;
use crate::approval::place::Platform;
use crate::approval::policy::Person;
use crate::approval::record::Approval;
use crate::approval::state::{State as ApprovalState, Verdict};
use crate::approval::transitions::decide::{self, Command, Refusal};
use crate::flow::app::App;
use crate::flow::resolve::{self, Answer};
use crate::messages::answers;
use crate::messages::dialect::PLAIN;
use crate::net::deadline::Deadline;
use crate::reader::MayBeStale;

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
    choice: Option<String>,
}

#[derive(Deserialize)]
struct DecisionForm {
    verdict: String,
    #[serde(default)]
    comment: String,
}

/// Whoever holds a verified link to an approval that exists.
struct Visitor {
    approval: Approval,
    person: Person,
    link: Link,
}

/// `GET /email/approvals/{approval_id}?k=…`, and `HEAD`.
pub(super) async fn show(
    State(state): State<MailState>,
    Path(id): Path<String>,
    Query(query): Query<LinkQuery>,
) -> Response {
    match visitor(&state, &id, &query, Deadline::after(PATIENCE)).await {
        Ok(visitor) => answer(&state.app, StatusCode::OK, visitor, Notice::None, leaning(&query), String::new()),
        Err(response) => response,
    }
}

/// `POST /email/approvals/{approval_id}?k=…` with `verdict` and `comment`.
pub(super) async fn decide(
    State(state): State<MailState>,
    Path(id): Path<String>,
    Query(query): Query<LinkQuery>,
    body: Bytes,
) -> Response {
    let deadline = Deadline::after(PATIENCE);
    let app = &state.app;
    let mut visitor = match visitor(&state, &id, &query, deadline).await {
        Ok(visitor) => visitor,
        Err(response) => return response,
    };
    let (verdict, comment) = match read(&body) {
        Ok(form) => form,
        Err(problem) => {
            return answer(app, StatusCode::BAD_REQUEST, visitor, Notice::Problem(problem), None, String::new());
        }
    };
    if app.now() >= visitor.link.expires && visitor.approval.state == ApprovalState::Pending {
        let refusal = Refusal::TooLate { deadline: visitor.link.expires };
        let notice = Notice::Problem(answers::refusal(&refusal, PLAIN));
        return answer(app, StatusCode::CONFLICT, visitor, notice, None, comment);
    }
    let command = Command {
        person: visitor.person.clone(),
        platform: Platform::Email,
        verdict,
        comment: (!comment.is_empty()).then(|| comment.clone()),
        message: None,
        shown: Some(visitor.approval.content_hash()),
    };
    match resolve::carry_out(app, &visitor.approval.id, &command, deadline).await {
        Ok(Answer::Recorded(approval)) => {
            let text = answers::recorded(&approval, verdict);
            let text = text.unwrap_or_else(|| answers::thanks(&approval, verdict));
            visitor.approval = *approval;
            answer(app, StatusCode::OK, visitor, Notice::Done(text), None, String::new())
        }
        Ok(Answer::Refused(refusal)) => {
            let fresh = deadline.run("store", app.ports.store.load(&visitor.approval.id)).await;
            visitor.approval = fresh.ok().flatten().unwrap_or(visitor.approval);
            let notice = Notice::Problem(answers::refusal(&refusal, PLAIN));
            answer(app, status(&refusal), visitor, notice, Some(verdict), comment)
        }
        Ok(Answer::Unknown) => not_found(),
        Err(error) => {
            tracing::error!(approval.id = %visitor.approval.id, %error, "a decision could not be recorded");
            let notice = Notice::Problem(answers::try_again());
            answer(app, StatusCode::SERVICE_UNAVAILABLE, visitor, notice, Some(verdict), comment)
        }
    }
}

fn leaning(query: &LinkQuery) -> Option<Verdict> {
    query.choice.as_deref().and_then(verdict)
}

fn verdict(text: &str) -> Option<Verdict> {
    match text {
        "approve" => Some(Verdict::Approve),
        "reject" => Some(Verdict::Reject),
        _ => None,
    }
}

fn read(body: &[u8]) -> Result<(Verdict, String), String> {
    let form: DecisionForm =
        serde_urlencoded::from_bytes(body).map_err(|error| format!("The form is incomplete: {error}."))?;
    let verdict = verdict(&form.verdict).ok_or_else(|| "verdict must be approve or reject.".to_owned())?;
    // A form sends its line breaks as two characters, and the field counts one.
    Ok((verdict, form.comment.replace("\r\n", "\n").trim().to_owned()))
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAnApprover { .. } | Refusal::OwnRequest | Refusal::NotTheRequester { .. } => StatusCode::FORBIDDEN,
        Refusal::ReasonRequired | Refusal::CommentTooLong => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::AlreadyVoted { .. }
        | Refusal::AlreadyDecided { .. }
        | Refusal::Closed { .. }
        | Refusal::TooLate { .. }
        | Refusal::OtherContent => StatusCode::CONFLICT,
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
        let mut response = unauthorised();
        response.extensions_mut().insert(MayBeStale);
        response
    })?;
    // Whoever has left the policy since can no longer use the link.
    let person = app.policy.people.get(&link.person).cloned().ok_or_else(unauthorised)?;
    match deadline.run("store", app.ports.store.load(&id)).await {
        Ok(Some(approval)) => Ok(Visitor { approval, person, link }),
        Ok(None) => Err(not_found()),
        Err(error) => {
            tracing::error!(approval.id = %id, %error, "an approval could not be shown");
            Err(guarded(StatusCode::SERVICE_UNAVAILABLE, page::unavailable()))
        }
    }
}

fn answer(
    app: &App,
    status: StatusCode,
    visitor: Visitor,
    notice: Notice,
    leaning: Option<Verdict>,
    comment: String,
) -> Response {
    let Visitor { approval, person, link } = visitor;
    let now = app.now();
    let open = approval.state == ApprovalState::Pending && now < approval.request.deadline && now < link.expires;
    let has_voted = approval.votes.iter().any(|vote| vote.person == person.id);
    let authorised = decide::authorise(&approval, &person.id);
    let notice = match (&notice, &authorised) {
        (Notice::None, Err(refusal)) if open => Notice::Problem(answers::refusal(refusal, PLAIN)),
        _ => notice,
    };
    let page = Page {
        summary: Summary::new(&approval, &app.links),
        name: person.name,
        notice,
        may_decide: open && authorised.is_ok() && !has_voted,
        reason_on_reject: approval.rules.reason_on_reject,
        leaning,
        comment,
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
