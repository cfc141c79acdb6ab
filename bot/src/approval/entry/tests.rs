use super::*;

fn field(kind: Kind) -> Field {
    Field { name: "f".to_owned(), label: "f".to_owned(), kind, required: true, default: None }
}

#[track_caller]
fn check(kind: Kind, cases: &[(&str, Result<Value, &str>)]) {
    let field = field(kind);
    let whom = |text: &str| match text {
        "ada" => Ok(PersonId::parse("ada").unwrap()),
        other => Err(Mistake::Nobody(other.to_owned())),
    };
    for (text, expected) in cases {
        let read = read(&field, text, whom).map_err(|mistake| mistake.to_string());
        assert_eq!(read, expected.clone().map_err(str::to_owned), "{text:?}");
    }
}

fn any<T>() -> Range<T> {
    Range { min: None, max: None }
}

#[test]
fn what_nobody_sees_is_not_there_and_every_white_space_is_a_space() {
    let cases = [
        ("125\u{200b} 122", "125 122"),
        ("\u{feff}pending\u{200b}\u{2060}", "pending"),
        ("\u{202a}show\u{a0}apr_1\u{202c}", "show apr_1"),
        ("\u{2068}1\u{2069}\u{202f}\u{2007}2", "1  2"),
        ("a\tb\r\nc\u{2028}d\u{3000}e", "a b  c d e"),
        ("1\u{ad}2\u{34f}3\u{fe0f}4\u{e0041}5\u{3164}6", "123456"),
        ("start \u{7}1", "start 1"),
        ("é ñ 中 ١٢", "é ñ 中 ١٢"),
        (" \u{200b} ", ""),
    ];
    for (typed, expected) in cases {
        assert_eq!(seen(typed), expected, "{typed:?}");
    }
}

#[test]
fn integers_are_read_whole_and_as_they_are_seen() {
    check(
        Kind::Integer(any()),
        &[
            ("125", Ok(json!(125))),
            (" -1 ", Ok(json!(-1))),
            ("9223372036854775807", Ok(json!(i64::MAX))),
            ("`125`", Ok(json!(125))),
            ("“122”,", Ok(json!(122))),
            ("\u{2212}2", Ok(json!(-2))),
            ("\u{200b}1\u{a0}", Ok(json!(1))),
            ("", Err("is missing")),
            ("\u{200b} ", Err("is missing")),
            ("1.5", Err("must be an integer, and “1.5” is not one")),
            ("１２５", Err("must be an integer, and “１２５” is not one")),
            ("٢", Err("must be an integer, and “٢” is not one")),
            ("–2", Err("must be an integer, and “–2” is not one")),
            ("9223372036854775808", Err("must be from -9223372036854775808 to 9223372036854775807")),
        ],
    );
    let range = Range { min: Some(1), max: Some(10) };
    check(Kind::Integer(range), &[("10", Ok(json!(10))), ("11", Err("must be from 1 to 10"))]);
    check(Kind::Integer(Range { min: Some(1), max: None }), &[("0", Err("must be 1 or more"))]);
    check(Kind::Integer(Range { min: None, max: Some(1) }), &[("2", Err("must be 1 or less"))]);
}

#[test]
fn numbers_are_kept_as_they_are_typed_or_refused() {
    check(
        Kind::Number(Range { min: None, max: Some(1e15) }),
        &[
            ("1.5", Ok(json!(1.5))),
            ("12", Ok(json!(12))),
            ("-0.1", Ok(json!(-0.1))),
            ("123456789012.345", Ok(json!(123_456_789_012.345))),
            ("0.0000000000000000001", Ok(json!(1e-19))),
            ("1234567890.123456", Err("has more than 15 digits")),
            ("1e5", Err("must be a number such as 12 or -1.5, and “1e5” is not one")),
            (".5", Err("must be a number such as 12 or -1.5, and “.5” is not one")),
            ("inf", Err("must be a number such as 12 or -1.5, and “inf” is not one")),
            ("1,5", Err("must be a number such as 12 or -1.5, and “1,5” is not one")),
        ],
    );
    check(Kind::Number(Range { min: Some(0.5), max: Some(2.0) }), &[("0.4", Err("must be from 0.5 to 2"))]);
}

#[test]
fn a_choice_is_one_of_its_options_as_the_policy_writes_it() {
    let options = vec!["Staging".to_owned(), "R&D".to_owned(), "staging, old".to_owned()];
    check(
        Kind::Choice(options),
        &[
            ("staging", Ok(json!("Staging"))),
            ("STAGING,", Ok(json!("Staging"))),
            ("R&D", Ok(json!("R&D"))),
            ("staging,  old", Ok(json!("staging, old"))),
            ("prod", Err("must be one of Staging, R&D, staging, old, and “prod” is not")),
        ],
    );
}

#[test]
fn dates_answers_and_people_are_read() {
    let year = Range { min: day("2026-01-01"), max: day("2026-12-31") };
    check(
        Kind::Date(year),
        &[
            ("2026-11-23", Ok(json!("2026-11-23"))),
            ("2027-01-01", Err("must be from 2026-01-01 to 2026-12-31")),
            ("2026-02-30", Err("must be a date such as 2026-11-23, and “2026-02-30” is not one")),
            ("2026-1-1", Err("must be a date such as 2026-11-23, and “2026-1-1” is not one")),
            ("-026-12-24", Err("must be a date such as 2026-11-23, and “-026-12-24” is not one")),
            ("tomorrow", Err("must be a date such as 2026-11-23, and “tomorrow” is not one")),
        ],
    );
    check(
        Kind::Boolean,
        &[("Yes", Ok(json!(true))), ("false", Ok(json!(false))), ("1", Err("must be yes or no, and “1” is neither"))],
    );
    check(
        Kind::Person,
        &[
            ("ada", Ok(json!("ada"))),
            ("“ada”", Ok(json!("ada"))),
            ("bob", Err("must be somebody of the policy, and “bob” is not")),
        ],
    );
}

#[test]
fn a_text_is_what_is_seen_of_it_and_keeps_its_marks() {
    let version = Pattern::parse(r"\d+\.\d+").unwrap();
    check(
        Kind::Text(Some(version)),
        &[("1.4", Ok(json!("1.4"))), ("x", Err(r"must look like \d+\.\d+, and “x” does not"))],
    );
    let long = "x".repeat(201);
    check(
        Kind::Text(None),
        &[
            ("a\u{202e}b\tc\nd", Ok(json!("ab c d"))),
            ("👩\u{200d}💻 “quoted”, `code`", Ok(json!("👩\u{200d}💻 “quoted”, `code`"))),
            (&long, Err("has 201 characters, at most 200")),
        ],
    );
    check(Kind::LongText(None), &[(" a\r\nb\u{2028}c\u{200b} ", Ok(json!("a\nb\nc")))]);
}

#[test]
fn what_may_be_empty_is_null() {
    let optional = Field { required: false, ..field(Kind::Text(None)) };
    assert_eq!(read(&optional, " ", |_| Err(Mistake::Missing)), Ok(Value::Null));
}

#[test]
fn a_value_is_typed_as_it_is_read() {
    for (value, text) in [(json!(true), "yes"), (json!(-1), "-1"), (json!("a"), "a"), (Value::Null, "")] {
        assert_eq!(typed(&value), text);
    }
    let kind = || field(Kind::Number(Range { min: None, max: None }));
    for text in ["1.5", "0.0", "-0.0", "5.0", "0.0000025", "-0.0000000000000000001", "12345678901234.0", "7"] {
        let value = read(&kind(), text, |_| Err(Mistake::Missing)).unwrap();
        assert_eq!(read(&kind(), &typed(&value), |_| Err(Mistake::Missing)), Ok(value), "{text}");
    }
    assert_eq!(typed(&json!(2.5e-6)), "0.0000025");
}
