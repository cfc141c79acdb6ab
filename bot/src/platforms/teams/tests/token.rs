//! Every case of the token, and what each makes us fetch.

use hmac::{Hmac, KeyInit, Mac};

use super::*;

/// What a fetch asks for.
const FETCHED: [&str; 2] = ["GET /metadata", "GET /keys"];

/// Shows a token to a verifier that knows no keys yet; `k0` is published.
async fn shown(authorization: &str, seconds: i64) -> (Result<(), Unverified>, Vec<String>) {
    let service = publishing(&[published("k0", pair(0))]).await;
    let result = verify(&verifier(&service), authorization, at(seconds)).await;
    (result, service.log())
}

fn signed_with(claims: &Value) -> String {
    signed(pair(0), &header("k0"), claims)
}

#[tokio::test]
async fn a_good_token_is_taken() {
    let upper = claims_but("aud", json!(APP_ID.to_uppercase()));
    let no_slash = claims_but("serviceurl", json!("https://smba.trafficmanager.net/teams"));
    let no_beginning = claims_but("nbf", Value::Null);
    let endless = claims_but("exp", json!(i64::MAX));
    for claims in [claims(), upper, no_slash, no_beginning, endless] {
        let (result, asked) = shown(&signed_with(&claims), 0).await;
        assert_eq!((result, asked), (Ok(()), FETCHED.map(str::to_owned).to_vec()), "{claims}");
    }
    let (result, _) = shown(&token().replace("Bearer", "bearer"), 0).await;
    assert_eq!(result, Ok(()));
}

#[tokio::test]
async fn what_is_wrong_without_a_key_is_refused_before_a_fetch() {
    let hs256 = message(&json!({ "alg": "HS256", "kid": "k0" }), &claims());
    let mut mac = Hmac::<Sha256>::new_from_slice(&pair(0).n_bytes()).unwrap();
    mac.update(hs256.as_bytes());
    let hs256 = format!("Bearer {hs256}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()));
    let none = format!("Bearer {}.", message(&json!({ "alg": "none", "kid": "k0" }), &claims()));
    let rs512 = signed(pair(0), &json!({ "alg": "RS512", "kid": "k0" }), &claims());
    let critical = json!({ "alg": "RS256", "kid": "k0", "crit": ["b64"], "b64": false });
    for (case, authorization, seconds, expected) in [
        ("HS256 with the public key", hs256, 0, Unverified::OtherAlgorithm),
        ("alg none", none, 0, Unverified::OtherAlgorithm),
        ("RS512", rs512, 0, Unverified::OtherAlgorithm),
        ("an extension", signed(pair(0), &critical, &claims()), 0, Unverified::OtherAlgorithm),
        ("Entra", signed_with(&claims_but("iss", json!("https://sts.windows.net/5e0a/"))), 0, Unverified::OtherIssuer),
        ("iss/", signed_with(&claims_but("iss", json!("https://api.botframework.com/"))), 0, Unverified::OtherIssuer),
        ("another bot", signed_with(&claims_but("aud", json!("another"))), 0, Unverified::OtherBot),
        ("no bot", signed_with(&claims_but("aud", json!(""))), 0, Unverified::OtherBot),
        ("expired", token(), 3600 + 300, Unverified::Expired),
        ("not yet", token(), -301, Unverified::NotYet),
        ("nbf at the end of time", signed_with(&claims_but("nbf", json!(i64::MAX))), 0, Unverified::NotYet),
        ("no serviceurl", signed_with(&claims_but("serviceurl", Value::Null)), 0, Unverified::NoServiceUrl),
    ] {
        assert_eq!(shown(&authorization, seconds).await, (Err(expected), Vec::new()), "{case}");
    }
}

#[tokio::test]
async fn the_clocks_may_be_five_minutes_apart() {
    for seconds in [-300, 3600 + 299] {
        assert_eq!(shown(&token(), seconds).await.0, Ok(()), "{seconds}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_a_fetch() {
    let good = token();
    let jwt = good.strip_prefix("Bearer ").unwrap();
    let (message, signature) = jwt.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    let no_kid = signed(pair(0), &json!({ "alg": "RS256" }), &claims());
    let twice = BASE64URL_NOPAD.encode(br#"{"alg":"none","alg":"RS256","kid":"k0"}"#);
    for malformed in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        jwt.to_owned(),
        format!("Basic {jwt}"),
        "Bearer not-a-jwt".to_owned(),
        format!("Bearer {message}"),
        format!("Bearer {message}.{signature}.{signature}"),
        format!("Bearer {head}.{body}=.{signature}"),
        format!("Bearer {head}.{body}.{signature}!"),
        format!("Bearer {head}.{head}.{signature}"),
        format!("Bearer {body}.{body}.{signature}"),
        format!("Bearer {twice}.{body}.{signature}"),
        no_kid,
        signed_with(&json!([])),
        signed_with(&claims_but("exp", Value::Null)),
        signed_with(&claims_but("exp", json!("never"))),
        signed_with(&claims_but("iss", Value::Null)),
        signed_with(&claims_but("aud", Value::Null)),
        signed_with(&claims_but("aud", json!([APP_ID, "another"]))),
    ] {
        assert_eq!(shown(&malformed, 0).await, (Err(Unverified::Malformed), Vec::new()), "{malformed}");
    }
    let service = publishing(&[]).await;
    let deadline = Deadline::after(Duration::from_secs(20));
    let missing = verifier(&service).verify(None, at(0), deadline).await;
    assert_eq!((missing.unwrap_err(), service.log()), (Unverified::Missing, Vec::new()));
}

#[tokio::test]
async fn what_the_key_has_not_signed_is_refused() {
    let good = token();
    let other_claims = message(&header("k0"), &claims_but("serviceurl", json!("https://evil.botframework.com")));
    let (_, signature) = good.rsplit_once('.').unwrap();
    for (case, authorization, expected) in [
        ("another key", signed(pair(1), &header("k0"), &claims()), Unverified::WrongSignature),
        ("other claims", format!("Bearer {other_claims}.{signature}"), Unverified::WrongSignature),
        ("no signature", good.replace(signature, ""), Unverified::WrongSignature),
        ("half a signature", good.replace(signature, &signature[..100]), Unverified::WrongSignature),
        ("an id that is not known", signed(pair(0), &header("k1"), &claims()), Unverified::UnknownKey),
    ] {
        let (result, asked) = shown(&authorization, 0).await;
        assert_eq!((result, asked.len()), (Err(expected), 2), "{case}");
    }
}

#[tokio::test]
async fn a_token_leads_to_no_other_address() {
    let evil = publishing(&[published("k0", pair(1))]).await;
    let jku = json!({
        "alg": "RS256", "kid": "k0", "jku": format!("{}/keys", evil.url), "x5u": evil.url,
        "jwk": published("k0", pair(1)),
    });
    let (result, _) = shown(&signed(pair(1), &jku, &claims()), 0).await;
    assert_eq!((result, evil.log()), (Err(Unverified::WrongSignature), Vec::new()));
}

#[tokio::test]
async fn a_token_is_for_one_address_and_its_key_for_some_channels() {
    let webchat = json!({ "endorsements": ["webchat"] });
    let unendorsed = json!({ "endorsements": [] });
    let silent = json!({ "endorsements": null });
    let teams = "https://smba.trafficmanager.net/teams/";
    for (change, service_url, channel, expected) in [
        (json!({}), teams, "msteams", Ok(())),
        (json!({}), "https://smba.trafficmanager.net/emea", "msteams", Err(Unverified::OtherServiceUrl)),
        (json!({}), "", "msteams", Err(Unverified::OtherServiceUrl)),
        (json!({}), teams, "skype", Err(Unverified::OtherChannel)),
        (webchat.clone(), teams, "webchat", Err(Unverified::OtherChannel)),
        (webchat, teams, "msteams", Err(Unverified::NotEndorsed)),
        (unendorsed, teams, "msteams", Err(Unverified::NotEndorsed)),
        (silent, teams, "msteams", Err(Unverified::NotEndorsed)),
    ] {
        let mut key = published("k0", pair(0));
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(key.as_object_mut().unwrap().remove(name)),
                value => key[name] = value.clone(),
            }
        }
        let service = publishing(&[key]).await;
        let deadline = Deadline::after(Duration::from_secs(20));
        let token = verifier(&service).verify(Some(token().as_bytes()), at(0), deadline).await.unwrap();
        assert_eq!(token.check_activity(service_url, channel), expected, "{change} {service_url} {channel}");
    }
}
