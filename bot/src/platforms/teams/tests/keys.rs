//! When the keys are fetched, and what holds when they cannot be.

use futures::future::join_all;

use super::*;

const DAY: i64 = 24 * 60 * 60;

#[tokio::test]
async fn the_keys_are_fetched_once_a_day() {
    let service = publishing(&[published("k0", pair(0))]).await;
    let verifier = verifier(&service);
    let token = signed(pair(0), &header("k0"), &claims_but("exp", json!(NOW + 10 * DAY)));
    for (seconds, asked) in [(0, 2), (1, 2), (DAY - 1, 2), (DAY, 4), (DAY + 1, 4)] {
        service.then((seconds == 1).then(|| fetch(&service, &[published("k0", pair(0))])).into_iter().flatten());
        assert_eq!(verify(&verifier, &token, at(seconds)).await, Ok(()), "{seconds}");
        assert_eq!(service.log().len(), asked, "{seconds}");
    }
}

#[tokio::test]
async fn whoever_comes_while_the_keys_are_fetched_waits_for_them() {
    let service = publishing(&[published("k0", pair(0))]).await;
    let (verifier, token) = (verifier(&service), token());
    let results = join_all((0..5).map(|_| verify(&verifier, &token, at(0)))).await;
    assert_eq!(results, [const { Ok(()) }; 5]);
    assert_eq!(service.log().len(), 2);
}

#[tokio::test]
async fn a_key_that_is_new_is_found_and_strangers_do_not_make_us_look_often() {
    let service = publishing(&[published("k0", pair(0))]).await;
    let verifier = verifier(&service);
    let rotated = signed(pair(1), &header("k1"), &claims());
    assert_eq!(verify(&verifier, &token(), at(0)).await, Ok(()));
    service.then(fetch(&service, &[published("k0", pair(0)), published("k1", pair(1))]));

    for seconds in [1, 299] {
        assert_eq!(verify(&verifier, &rotated, at(seconds)).await, Err(Unverified::UnknownKey));
        assert_eq!(service.log().len(), 2, "a new fetch is not due yet");
    }
    assert_eq!(verify(&verifier, &rotated, at(300)).await, Ok(()));
    assert_eq!(verify(&verifier, &token(), at(300)).await, Ok(()));
    for number in 0..10 {
        let stranger = signed(pair(1), &header(&format!("x{number}")), &claims());
        assert_eq!(verify(&verifier, &stranger, at(301)).await, Err(Unverified::UnknownKey));
    }
    assert_eq!(service.log().len(), 4);
}

#[tokio::test]
async fn a_key_that_is_no_longer_published_is_no_longer_good() {
    let service = publishing(&[published("k0", pair(0))]).await;
    let verifier = verifier(&service);
    assert_eq!(verify(&verifier, &token(), at(0)).await, Ok(()));
    service.then(fetch(&service, &[published("k1", pair(1))]));
    let rotated = signed(pair(1), &header("k1"), &claims());
    assert_eq!(verify(&verifier, &rotated, at(300)).await, Ok(()));
    assert_eq!(verify(&verifier, &token(), at(300)).await, Err(Unverified::UnknownKey));
}

#[tokio::test]
async fn old_keys_are_good_while_new_ones_cannot_be_fetched() {
    let service = publishing(&[published("k0", pair(0))]).await;
    let verifier = verifier(&service);
    let claims = claims_but("exp", json!(NOW + 10 * DAY));
    let (known, unknown) = (signed(pair(0), &header("k0"), &claims), signed(pair(1), &header("k1"), &claims));
    assert_eq!(verify(&verifier, &known, at(0)).await, Ok(()));
    for (seconds, asked) in [(DAY, 3), (DAY + 9, 3), (DAY + 10, 4)] {
        assert_eq!(verify(&verifier, &known, at(seconds)).await, Ok(()), "{seconds}");
        assert_eq!(verify(&verifier, &unknown, at(seconds)).await, Err(Unverified::UnknownKey), "{seconds}");
        assert_eq!(service.log().len(), asked, "{seconds}");
    }
    service.then(fetch(&service, &[published("k1", pair(1))]));
    assert_eq!(verify(&verifier, &unknown, at(DAY + 20)).await, Ok(()));
}

#[tokio::test]
async fn without_any_key_nothing_can_be_verified() {
    let with_keys = |service: &Service, keys: Value| {
        let [metadata, _] = fetch(service, &[]);
        vec![metadata, Answer::Json(200, keys)]
    };
    let service = Service::answering([]).await;
    let ec = json!({ "kty": "EC", "kid": "k0", "crv": "P-256", "x": "AA", "y": "AA" });
    let other_kind = json!({ "kty": "oct", "kid": "k0", "n": "AQAB", "e": "AQAB" });
    // This leads to the same service, and is no address of this machine alone.
    let anywhere = service.url.replace("127.0.0.1", "0.0.0.0");
    let letter = "a".repeat(1024 * 1024);
    for (case, answers, asked) in [
        ("no metadata", vec![Answer::Json(500, json!({}))], 1),
        ("a redirect", vec![Answer::Json(302, json!({}))], 1),
        ("other metadata", vec![Answer::Json(200, json!({ "issuer": "x" }))], 1),
        ("an unsafe address", vec![Answer::Json(200, json!({ "jwks_uri": anywhere }))], 1),
        ("a file", vec![Answer::Json(200, json!({ "jwks_uri": "file:///keys" }))], 1),
        ("no keys", with_keys(&service, json!({ "keys": [] })), 2),
        ("keys of another kind", with_keys(&service, json!({ "keys": [ec, other_kind] })), 2),
        ("too many keys", with_keys(&service, json!({ "keys": [], "letter": letter })), 2),
        ("no set of keys", with_keys(&service, json!([])), 2),
        ("a lost answer", vec![Answer::Lost], 1),
    ] {
        let before = service.log().len();
        service.then(answers);
        let verifier = verifier(&service);
        for seconds in [0, 9] {
            let result = verify(&verifier, &token(), at(seconds)).await;
            assert!(matches!(result, Err(Unverified::NoKeys(_))), "{case}: {result:?}");
        }
        assert_eq!(service.log().len() - before, asked, "{case}: the second request fetches nothing");
        service.then(fetch(&service, &[published("k0", pair(0))]));
        assert_eq!(verify(&verifier, &token(), at(10)).await, Ok(()), "{case}");
    }
}

#[tokio::test]
async fn a_key_among_others_is_found_and_zeros_before_a_number_mean_nothing() {
    let mut key = published("k0", pair(0));
    let zeros = [vec![0, 0], pair(0).n_bytes().into_vec()].concat();
    key["n"] = json!(BASE64URL_NOPAD.encode(&zeros));
    let service = publishing(&[json!({ "kty": "EC", "kid": "e" }), json!(5), key, published("k1", pair(1))]).await;
    assert_eq!(verify(&verifier(&service), &token(), at(0)).await, Ok(()));
}
