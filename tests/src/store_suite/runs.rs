//! The runs that were started in chats.

use std::sync::Arc;

use countersign_bot::approval::ids::ExecutionArn;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::run::{Run, RunEnd, Starter};
use countersign_bot::ports::Store;
use futures::future::join_all;

use super::{after, unique};

/// A run that nobody else has.
fn run() -> Run {
    let execution = format!("arn:aws:states:eu-west-1:123456789012:execution:suite:{}", unique());
    let conversation = "19:ünï@thread.tacv2;messageid=1".to_owned();
    let starter = Starter { platform: Platform::Teams, conversation, user: "29:ada".to_owned() };
    Run::new(ExecutionArn::parse(&execution).unwrap(), starter, after(0))
}

pub(super) async fn recorded_once(store: Arc<dyn Store>) {
    let (first, other) = (run(), run());
    assert_eq!(store.run(&first.execution).await.unwrap(), None);
    store.record_run(&first).await.unwrap();
    assert_eq!(store.run(&first.execution).await.unwrap(), Some(first.clone()));
    assert_eq!(store.run(&other.execution).await.unwrap(), None);
    let end = RunEnd { status: "FAILED".to_owned(), error: Some("States.Runtime".to_owned()), at: Some(after(9)) };
    let told = Run { end: Some(end), is_told: true, ..first.clone() };
    let told = store.save_run(told).await.unwrap().unwrap();
    assert_eq!((told.is_told, told.version), (true, 1));
    store.record_run(&first).await.unwrap();
    assert_eq!(store.run(&first.execution).await.unwrap(), Some(told), "the same command again changes nothing");
    assert_eq!(store.of_execution(&first.execution).await.unwrap(), [], "it is no approval");
}

pub(super) async fn one_changes(store: Arc<dyn Store>) {
    let run = run();
    assert_eq!(store.save_run(run.clone()).await.unwrap(), None, "what is not on record is not changed");
    store.record_run(&run).await.unwrap();
    let telling = Run { is_told: true, ..run };
    let changed = join_all((0..10).map(|_| store.save_run(telling.clone()))).await;
    let changed: Vec<Run> = changed.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(store.run(&telling.execution).await.unwrap().as_ref(), changed.first());
}
