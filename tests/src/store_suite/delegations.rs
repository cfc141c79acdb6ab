//! Who stands in for whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_bot::approval::delegation::{Delegation, Pace, Terms};
use countersign_bot::approval::fingerprint::Fingerprint;
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::ports::{DELEGATIONS_READ_MAX, Store};
use futures::future::join_all;

use super::{after, unique};

fn person() -> PersonId {
    PersonId::parse(&format!("p{}", unique())).unwrap()
}

fn delegation(absent: &PersonId, number: u32) -> Delegation {
    let (delegate, said_at) = ((number % 2 == 1).then(person), after(i64::from(number)));
    let (absent, platform) = (absent.clone(), Platform::Teams);
    let terms = delegate.as_ref().map(|_| Terms {
        absent: Fingerprint::of(&BTreeMap::new(), Some("ada@example.com")),
        delegate: Fingerprint::default(),
        without_entry: number == 3,
        policies: ["deploy".to_owned()].into(),
    });
    let pace = Some(Pace { since: after(0), said: number });
    Delegation { absent, delegate, until: after(600), said_at, platform, number, terms, pace }
}

pub(super) async fn newest(store: Arc<dyn Store>) {
    let (ada, grace, nobody) = (person(), person(), person());
    let hers = std::slice::from_ref(&ada);
    assert_eq!(store.delegations(hers).await.unwrap(), []);
    assert_eq!(store.delegations(&[]).await.unwrap(), []);
    let (first, second, other) = (delegation(&ada, 1), delegation(&ada, 2), delegation(&grace, 1));
    for delegation in [&first, &second, &other] {
        assert!(store.delegate(delegation).await.unwrap());
    }
    assert!(!store.delegate(&first).await.unwrap(), "what was said before does not come again");
    assert_eq!(store.delegations(hers).await.unwrap(), std::slice::from_ref(&second));
    let mut all = store.delegations(&[ada, nobody, grace]).await.unwrap();
    all.sort_by_key(|delegation| delegation.number);
    assert_eq!(all, [other, second]);
    let many: Vec<PersonId> = (0..DELEGATIONS_READ_MAX).map(|_| person()).collect();
    let saying: Vec<Delegation> = many.iter().map(|person| delegation(person, 1)).collect();
    for said in join_all(saying.iter().map(|delegation| store.delegate(delegation))).await {
        assert!(said.unwrap());
    }
    assert_eq!(store.delegations(&many).await.unwrap().len(), DELEGATIONS_READ_MAX);
}

pub(super) async fn one_is_next(store: Arc<dyn Store>) {
    let ada = person();
    assert!(store.delegate(&delegation(&ada, 1)).await.unwrap());
    let said: Vec<Delegation> =
        (0..10).map(|number| Delegation { said_at: after(100 + number), ..delegation(&ada, 2) }).collect();
    let results = join_all(said.iter().map(|delegation| store.delegate(delegation))).await;
    let kept: Vec<&Delegation> =
        said.iter().zip(&results).filter(|(_, result)| matches!(result, Ok(true))).map(|(said, _)| said).collect();
    assert_eq!(kept.len(), 1, "{results:?}");
    assert_eq!(store.delegations(&[ada]).await.unwrap().first(), kept.first().copied());
}
