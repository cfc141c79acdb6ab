//! The audit trail is written with the change that it tells of, or neither is.

use std::sync::Arc;

use countersign_bot::approval::audit::{Entry, Head, JOURNAL_MAX, What, verify};
use countersign_bot::approval::ids::ApprovalId;
use countersign_bot::approval::state::Outcome;
use countersign_bot::ports::{Saved, Store};
use futures::future::join_all;

use super::{after, assert_same, plain, recorded};

/// Something to note in a trail.
fn noted(number: usize) -> What {
    What::Broadcast { events: vec![format!("event {number}")] }
}

/// The whole trail of an approval, which fits the head in its record.
async fn trail(store: &Arc<dyn Store>, id: &ApprovalId) -> Vec<Entry> {
    let record = store.load(id).await.unwrap().unwrap();
    let entries = store.history(id).await.unwrap();
    assert_eq!(verify(id, &entries, &record.audit), Ok(()));
    entries
}

pub(super) async fn audited(store: Arc<dyn Store>) {
    let asked = plain(None);
    assert!(store.history(&asked.id).await.unwrap().is_empty());
    let mut expected = asked.journal.clone();
    let approval = recorded(&store, asked).await;
    assert!(approval.journal.is_empty(), "what is written is not written again");
    assert_eq!(trail(&store, &approval.id).await, expected);

    let (mut first, mut second, other) = (approval.clone(), approval.clone(), recorded(&store, plain(None)).await);
    first.log(noted(1), after(1));
    first.log(noted(2), after(2));
    second.log(noted(3), after(3));
    expected.extend(first.journal.clone());
    let Ok(Saved::Done(first)) = store.save(first).await else { panic!("nobody else was there") };
    assert!(first.journal.is_empty());
    let Ok(Saved::Conflict(theirs)) = store.save(second).await else { panic!("somebody else was there") };
    assert_same(&theirs, &first);
    assert_eq!(trail(&store, &first.id).await, expected, "and nothing of what was refused");

    let Ok(Saved::Done(_)) = store.save(*first).await else { panic!("nobody else was there") };
    assert_eq!(trail(&store, &approval.id).await, expected, "a change may have nothing to tell");
    assert_eq!(trail(&store, &other.id).await.len(), 1);
}

pub(super) async fn in_the_way(store: Arc<dyn Store>) {
    let approval = recorded(&store, plain(None)).await;
    let mut forgetful = approval.clone();
    forgetful.audit = Head::genesis(&approval.id);
    forgetful.log(noted(1), after(1));
    forgetful.resolve(Outcome::Expired, after(600));
    assert!(store.save(forgetful).await.is_err());
    assert_same(&store.load(&approval.id).await.unwrap().unwrap(), &approval);
    assert_eq!(trail(&store, &approval.id).await.len(), 1);
}

pub(super) async fn too_many_entries(store: Arc<dyn Store>) {
    let mut approval = recorded(&store, plain(None)).await;
    (0..JOURNAL_MAX).for_each(|number| approval.log(noted(number), after(1)));
    let mut too_many = approval.clone();
    too_many.log(noted(JOURNAL_MAX), after(2));
    assert!(store.save(too_many).await.is_err());
    assert_eq!(trail(&store, &approval.id).await.len(), 1);
    let Ok(Saved::Done(approval)) = store.save(approval).await else { panic!("it does not fit") };
    assert_eq!(trail(&store, &approval.id).await.len(), JOURNAL_MAX + 1);
}

pub(super) async fn one_chain(store: Arc<dyn Store>) {
    let approval = recorded(&store, plain(None)).await;
    let writer = |number: usize| {
        let (store, mut record, id) = (store.clone(), approval.clone(), approval.id.clone());
        async move {
            loop {
                record.log(noted(number), after(1));
                match store.save(record).await {
                    Ok(Saved::Done(_)) => return,
                    Ok(Saved::Conflict(theirs)) => record = *theirs,
                    // The store had too many at once, and has written nothing of this.
                    Err(_) => record = store.load(&id).await.unwrap().unwrap(),
                }
            }
        }
    };
    join_all((0..20).map(writer)).await;
    let entries = trail(&store, &approval.id).await;
    for number in 0..20 {
        assert_eq!(entries.iter().filter(|entry| entry.what == noted(number)).count(), 1, "{number}");
    }
    assert_eq!(entries.len(), 21);
}

pub(super) async fn answer_lost(store: Arc<dyn Store>) {
    let mut approval = recorded(&store, plain(None)).await;
    approval.log(noted(1), after(1));
    let Ok(Saved::Done(_)) = store.save(approval.clone()).await else { panic!("nobody else was there") };
    // Whoever did not hear this writes the same again.
    let Ok(Saved::Conflict(own)) = store.save(approval.clone()).await else { panic!("it was written already") };
    assert_eq!((own.audit, own.journal), (approval.audit, Vec::new()), "the head tells that it is the same");
    assert_eq!(trail(&store, &approval.id).await.len(), 2);
}
