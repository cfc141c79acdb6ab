use super::super::cards::problems;
use super::*;

/// The card with one thing changed, by JSON pointer to what is there or is to be.
fn changed(at: &str, value: Value) -> Value {
    let mut card = card();
    let (parent, name) = at.rsplit_once('/').unwrap();
    card.pointer_mut(parent).unwrap()[name] = value;
    card
}

fn without(at: &str) -> Value {
    let mut card = card();
    let (parent, name) = at.rsplit_once('/').unwrap();
    card.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    card
}

#[track_caller]
fn check(card: &Value, problem: &str) {
    assert_eq!(problems(card), [problem]);
}

#[test]
fn a_card_that_teams_shows_passes() {
    assert_eq!(problems(&card()), Vec::<String>::new());
    for version in ["1.4", "1.5"] {
        assert!(problems(&changed("/version", json!(version))).is_empty(), "{version}");
    }
    let words = changed("/body/0/weight", json!("bolder"));
    assert!(problems(&words).is_empty(), "words may be in any case");
}

#[test]
fn type_and_version_are_needed_and_bounded() {
    check(&changed("/type", json!("MessageCard")), " is not of type AdaptiveCard");
    check(&without("/version"), "/version is missing or not of the form 1.5");
    check(&changed("/version", json!(1.5)), "/version is missing or not of the form 1.5");
    check(&changed("/version", json!("1.6")), "/version is later than 1.5, and clients would show the fallback text");
    let old = problems(&changed("/version", json!("1.3")));
    assert!(old.contains(&"/refresh needs a card of version 1.4".to_owned()), "{old:?}");
    assert!(old.contains(&"/actions/0 needs a card of version 1.4".to_owned()), "{old:?}");
    assert!(old.contains(&"/actions/1/card/actions/0 needs a card of version 1.4".to_owned()), "{old:?}");
}

#[test]
fn unknown_types_and_properties_are_refused_wherever_they_are() {
    check(&changed("/body/0/type", json!("Banner")), "/body/0 has the unknown type Banner");
    check(&without("/body/0/type"), "/body/0 has no type, and is to be an element");
    check(&changed("/body/0/colour", json!("good")), "/body/0/colour is not a property here");
    check(&changed("/actions/0/type", json!("Action.Http")), "/actions/0 has the unknown type Action.Http");
    check(&changed("/actions/0/url", json!("https://a")), "/actions/0/url is not a property here");
    check(&changed("/footer", json!([])), "/footer is not a property here");
    let nested = "/body/2/columns/0/items/0/maxLength";
    check(&changed(nested, json!(5)), &format!("{nested} is not a property here"));
    let fallback = "/actions/0/fallback/verb";
    check(&changed(fallback, json!("x")), &format!("{fallback} is not a property here"));
    let shown = "/actions/1/card/body/0/rows";
    check(&changed(shown, json!(5)), &format!("{shown} is not a property here"));
    check(&changed("/refresh/expires", json!("2026")), "/refresh/expires is not a property here");
    check(&changed("/msteams/wide", json!(true)), "/msteams/wide is not a property here");
}

#[test]
fn what_is_required_is_missed() {
    check(&without("/body/0/text"), "/body/0 is without text");
    check(&without("/body/1/facts"), "/body/1 is without facts");
    check(&without("/body/1/facts/0/value"), "/body/1/facts/0 is without value");
    check(&without("/body/3/items"), "/body/3 is without items");
    check(&without("/body/3/items/0/id"), "/body/3/items/0 is without id");
    check(&without("/body/4/actions"), "/body/4 is without actions");
    check(&without("/body/4/actions/0/url"), "/body/4/actions/0 is without url");
    check(&without("/actions/0/verb"), "/actions/0 is without verb");
    check(&without("/actions/1/card"), "/actions/1 is without card");
}

#[test]
fn values_have_to_be_of_their_kind() {
    let styles = "/actions/0/style must be one of default, positive, destructive";
    check(&changed("/actions/0/style", json!("danger")), styles);
    let containers = "/body/3/style must be one of default, emphasis, good, attention, warning, accent";
    check(&changed("/body/3/style", json!("loud")), containers);
    check(&changed("/body/0/wrap", json!("true")), "/body/0/wrap must be true or false");
    check(&changed("/body/0/text", json!(494)), "/body/0/text must be a string");
    check(&changed("/body/0/text", Value::Null), "/body/0/text must be a string");
    check(&changed("/body/3/items/0/maxLength", json!("9")), "/body/3/items/0/maxLength must be a number");
    check(
        &changed("/body/2/columns/0/width", json!("wide")),
        "/body/2/columns/0/width must be auto, stretch, a weight or pixels",
    );
    for width in [json!(2), json!("2"), json!("auto"), json!("50px")] {
        assert!(problems(&changed("/body/2/columns/0/width", width)).is_empty());
    }
    check(&changed("/body/4/actions/0/url", json!("javascript:x")), "/body/4/actions/0/url must be a web address");
    check(&changed("/actions/0/data", json!("text")), "/actions/0/data must be an object");
    check(&changed("/body/1/facts", json!({})), "/body/1/facts must be an array");
}

#[test]
fn an_id_names_one_thing_also_beyond_the_card_that_opens() {
    let twice = problems(&changed("/actions/1/card/body/0/id", json!("comment")));
    assert!(twice.len() == 1 && twice[0].ends_with("/id is the id of something else in the card as well"), "{twice:?}");
    let mut same = changed("/actions/0/id", json!("approve"));
    same["actions"][0]["fallback"]["id"] = json!("approve");
    assert!(problems(&same).is_empty(), "what is shown instead may have the same id");
}

#[test]
fn teams_own_limits_hold() {
    let actions = |count: usize| {
        let actions: Vec<Value> = (0..count).map(|_| card()["actions"][0].clone()).collect();
        changed("/actions", json!(actions))
    };
    assert!(problems(&actions(6)).is_empty());
    check(&actions(7), "/actions has more actions than Teams shows, which is 6");
    let users = |count: usize| changed("/refresh/userIds", json!(vec!["29:1"; count]));
    assert!(problems(&users(60)).is_empty());
    check(&users(61), "/refresh/userIds has more than 60 users");
    check(&changed("/refresh/userIds", json!(["ada"])), "/refresh/userIds/0 must be the id of a user");
    check(&changed("/refresh/action/type", json!("Action.Submit")), "/refresh must have an Action.Execute");
    check(&changed("/msteams/width", json!("wide")), "/msteams/width must be Full");
    let mention = json!({ "type": "mention", "text": "Ada", "mentioned": { "id": "29:1", "name": "Ada" } });
    let problem = "/msteams/entities/0 must be a mention with its text and whom it names";
    check(&changed("/msteams/entities", json!([mention])), problem);
}

#[test]
fn menus_and_days_are_what_they_say() {
    let with_input = |input: Value| {
        let mut card = card();
        card["body"][0] = input;
        card
    };
    let choice = |value: &str| json!({ "title": value, "value": value });
    let menu = |choices: Value| {
        with_input(json!({ "type": "Input.ChoiceSet", "id": "menu", "style": "filtered", "choices": choices }))
    };
    assert_eq!(problems(&menu(json!([choice("a"), choice("b, c")]))), Vec::<String>::new());
    check(&menu(json!([choice("a"), choice("a")])), "/body/0/choices must have lines with values of their own");
    check(&menu(json!([])), "/body/0/choices must have lines with values of their own");
    let day = |value: &str| with_input(json!({ "type": "Input.Date", "id": "day", "value": value }));
    assert_eq!(problems(&day("2026-11-23")), Vec::<String>::new());
    check(&day("23 Nov"), "/body/0/value must be a day, such as 2026-11-23");
}
