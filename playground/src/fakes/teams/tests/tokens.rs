use countersign_bot::net::signature::SigningKey;
use rsa::sha2::{Sha256, Sha512};
use rsa::{BoxedUint, PublicKey};

use super::*;

/// The published keys, found as a verifier finds them.
async fn published(bot: &Bot) -> Vec<Value> {
    let metadata = format!("{}/v1/.well-known/openidconfiguration", bot.url);
    let metadata = json_of(&bot.browser.get(&metadata).await.unwrap());
    assert_eq!(metadata["issuer"], "https://api.botframework.com");
    let keys = json_of(&bot.browser.get(metadata["jwks_uri"].as_str().unwrap()).await.unwrap());
    keys["keys"].as_array().unwrap().clone()
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

fn public_key(key: &Value) -> PublicKey {
    let number = |name: &str| BoxedUint::from_be_slice_vartime(&decoded(key[name].as_str().unwrap()));
    PublicKey::new(number("n"), number("e")).unwrap()
}

/// Header, claims, what is signed, and the signature.
fn parts(token: &str) -> (Value, Value, &str, Vec<u8>) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part| serde_json::from_slice(&decoded(part)).unwrap();
    (read(header), read(claims), signed, decoded(signature))
}

/// The published key that a token names.
fn named<'k>(keys: &'k [Value], token: &str) -> &'k Value {
    let kid = parts(token).0["kid"].clone();
    keys.iter().find(|key| key["kid"] == kid).unwrap()
}

fn is_signed_by(key: &Value, token: &str) -> bool {
    let (_, _, signed, signature) = parts(token);
    public_key(key).pkcs1v15_verify::<Sha256>(signed.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn a_token_is_right_and_its_key_is_published_for_teams() {
    let bot = Bot::logged_in().await;
    let (keys, token) = (published(&bot).await, bot.teams.token().mint());
    let key = named(&keys, &token);
    assert_eq!((&key["kty"], &key["use"]), (&json!("RSA"), &json!("sig")));
    assert!(key["endorsements"].as_array().unwrap().contains(&json!("msteams")));
    assert_eq!(decoded(key["n"].as_str().unwrap()).len(), 256);
    assert!(is_signed_by(key, &token));
    let (header, claims, ..) = parts(&token);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let right = json!({
        "iss": "https://api.botframework.com", "aud": APP, "serviceurl": format!("{}/", bot.url),
        "nbf": 1_700_000_000, "exp": 1_700_003_600,
    });
    assert_eq!(claims, right);
}

#[tokio::test]
async fn one_thing_can_be_changed_at_a_time() {
    let bot = Bot::logged_in().await;
    let token = bot.teams.token().claim("aud", "other").without_claim("exp").header("kid", 7).without_header("typ");
    let (header, claims, ..) = parts(&token.mint()).clone();
    assert_eq!((&claims["aud"], claims.get("exp"), claims["nbf"].is_i64()), (&json!("other"), None, true));
    assert_eq!((&header["kid"], header.get("typ")), (&json!(7), None));
    let long = bot.teams.token().header("alg", "RS512").mint();
    let keys = published(&bot).await;
    let (_, _, signed, signature) = parts(&long);
    assert!(public_key(named(&keys, &long)).pkcs1v15_verify::<Sha512>(signed.as_bytes(), &signature).is_ok());
}

#[tokio::test]
async fn each_wrong_signer_is_wrong_in_its_own_way() {
    let bot = Bot::logged_in().await;
    let keys = published(&bot).await;
    let by = |signer| bot.teams.token().signed_by(signer).mint();
    let (other, plain, foreign) = (by(Signer::OtherChannel), by(Signer::Unendorsed), by(Signer::Foreign));
    assert_eq!(named(&keys, &other)["endorsements"], json!(["webchat"]));
    assert!(is_signed_by(named(&keys, &other), &other));
    assert!(named(&keys, &plain).get("endorsements").is_none());
    assert!(is_signed_by(named(&keys, &plain), &plain));
    assert_eq!(named(&keys, &foreign), named(&keys, &by(Signer::Microsoft)));
    assert!(!keys.iter().any(|key| is_signed_by(key, &foreign)));
    let confused = by(Signer::PublicKeyAsSecret);
    let (header, _, signed, code) = parts(&confused);
    let secret = named(&keys, &confused)["n"].as_str().unwrap();
    assert_eq!(header["alg"], "HS256");
    assert!(SigningKey::new(secret.into()).unwrap().has_made(signed.as_bytes(), &code));
    let (header, _, _, signature) = parts(&by(Signer::Nobody)).clone();
    assert_eq!((&header["alg"], signature.len()), (&json!("none"), 0));
}

#[tokio::test]
async fn a_rotated_key_replaces_the_one_before_and_fetches_are_counted() {
    let bot = Bot::logged_in().await;
    let (old, before) = (bot.teams.token().mint(), published(&bot).await);
    bot.teams.rotate_key();
    let (new, after) = (bot.teams.token().mint(), published(&bot).await);
    assert_eq!(bot.teams.key_fetches(), 2);
    assert!(is_signed_by(named(&after, &new), &new));
    assert!(!after.iter().any(|key| before.contains(key) || is_signed_by(key, &old)));
}
