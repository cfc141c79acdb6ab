//! The pages that people have opened in a chat.

use std::sync::Arc;

use countersign_bot::approval::home::Home;
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::ports::Store;
use futures::future::join_all;

use super::{after, unique};

fn person(name: &str) -> PersonId {
    PersonId::parse(&format!("{name}-{}", unique())).unwrap()
}

pub(super) async fn written_by_one(store: Arc<dyn Store>) {
    let (ada, grace) = (person("ada"), person("grace"));
    let people = [ada.clone(), grace.clone()];
    assert_eq!(store.homes(Platform::Slack, &people).await.unwrap(), []);
    let opened = Home::opened(None, ada.clone(), (Platform::Slack, "U0ADA"), Some("1.ünï".to_owned()), after(0));
    let written = join_all((0..10).map(|_| store.save_home(opened.clone()))).await;
    let written: Vec<Home> = written.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(written, [Home { version: 1, ..opened.clone() }], "one is first");
    assert_eq!(store.homes(Platform::Slack, &people).await.unwrap(), written);
    assert_eq!(store.homes(Platform::Teams, &people).await.unwrap(), [], "another platform has pages of its own");
    let changed = Home { is_stale: false, ..written[0].clone() };
    assert_eq!(store.save_home(changed.clone()).await.unwrap().unwrap().version, 2);
    assert_eq!(store.save_home(changed).await.unwrap(), None);
    assert_eq!(store.save_home(opened).await.unwrap(), None, "it is there already");
    let graces = Home::opened(None, grace, (Platform::Slack, "U0GRACE"), None, after(1));
    store.save_home(graces).await.unwrap().unwrap();
    assert_eq!(store.homes(Platform::Slack, &people).await.unwrap().len(), 2);
}
