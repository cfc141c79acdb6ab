use super::super::read;

const PEOPLE: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n\
     [people.grace]\nname = \"Grace\"\nemail = \"grace@example.com\"\n\
     [people.linus]\nname = \"Linus\"\nemail = \"linus@example.com\"\n\
     [groups]\nsecurity = [\"ada\"]\nsre = [\"ada\", \"grace\"]\nnobody = []\n";

/// What is wrong with these lines of a policy, with their place.
fn wrong(rules: &str) -> Vec<String> {
    let found = read(&format!("{PEOPLE}[policies.p]\n{rules}\n")).err();
    found.map(|found| found.to_string().lines().map(str::to_owned).collect()).unwrap_or_default()
}

#[test]
fn seats_take_the_place_of_approvers_and_required() {
    let both = "approvers = [\"ada\"]\nrequired = 2\nseats = [{ from = [\"sre\"] }]";
    assert_eq!(
        wrong(both),
        [
            "line 15: approvers are those of the seats: leave it out, or seats",
            "line 16: required is the number of the seats: leave it out, or seats",
        ]
    );
    assert_eq!(wrong("seats = [{ from = [\"security\"] }, { from = [\"sre\"] }]"), [""; 0]);
    assert_eq!(wrong("reason_on_reject = true"), ["line 14: policy `p`: approvers is missing"]);
}

#[test]
fn seats_that_nobody_could_fill_are_told_with_their_line() {
    let seats = |list: &str| wrong(&format!("self_approval = true\nseats = {list}"));
    for (list, expected) in [
        ("[]", "line 16: policy `p`: seats has 0 entries, 1 to 5"),
        ("\"sre\"", "line 16: seats is a list such as [{ from = [\"security\"], count = 1 }]"),
        ("[{ count = 1 }]", "line 16: policy `p`: seats[0]: from is missing"),
        ("[{ from = [\"sre\"], number = 1 }]", "line 16: unknown key `number`; known here: from, count"),
        ("[{ from = [\"sre\"], count = 0 }]", "line 16: policy `p`: seats: count is at least 1"),
        (
            &format!("[{{ from = [{}] }}]", ["\"grace\""; 21].join(", ")),
            "line 16: policy `p`: seats: from has 105 characters, at most 100",
        ),
        ("[{ from = [\"zed\"] }]", "line 16: policy `p`: seats names `zed`, which is neither a person nor a group"),
        (
            "[{ from = [\"sre\"], count = 3 }]",
            "line 16: policy `p`: seats: count is 3, the distinct people of `sre` are 2",
        ),
        ("[{ from = [\"nobody\"] }]", "line 16: policy `p`: seats: count is 1, the distinct people of `nobody` are 0"),
        (
            "[{ from = [\"security\"] }, { from = [\"sre\"], count = 2 }]",
            "line 16: policy `p`: seats are 3, each for somebody else, and at most 2 could ever be filled",
        ),
    ] {
        assert_eq!(seats(list), [expected], "{list}");
    }
    let unreachable = wrong("self_approval = true\nemail = \"never\"\nseats = [{ from = [\"sre\"] }]");
    let expected = "line 17: policy `p`: seats are 1, each for somebody else, and at most 0 could ever be filled; of `ada`, \
                    `grace`, no identity is let in by [access], and no mail goes there";
    assert_eq!(unreachable, [expected]);
}

#[test]
fn whoever_asks_is_thought_of() {
    let all = "seats = [{ from = [\"ada\", \"grace\", \"linus\"], count = 3 }]";
    let expected = "line 14: policy `p`: whoever asks fills none of the seats, and there is nobody for whom the others could \
                    fill all";
    assert_eq!(wrong(all), [expected]);
    assert_eq!(wrong(&format!("{all}\nself_approval = true")), [""; 0]);
    assert_eq!(wrong(&format!("{all}\nrequester = \"optional\"")), [""; 0]);
}

#[test]
fn policies_are_kept_apart_in_both_directions() {
    let manager = "[policies.manager]\napprovers = [\"sre\"]\n";
    let rules = "approvers = [\"sre\", \"linus\"]\ndistinct_from = [\"manager\"]";
    let policy = read(&format!("{PEOPLE}[policies.p]\n{rules}\n{manager}")).unwrap();
    for (one, other) in [("p", "manager"), ("manager", "p")] {
        assert!(policy.rules[one].distinct_from.contains(other) && policy.rules[one].need_proof(), "{one}");
    }
    let too_few = format!("approvers = [\"sre\"]\nrequired = 2\ndistinct_from = [\"manager\"]\n{manager}");
    assert_eq!(
        wrong(&too_few),
        [
            "line 17: policy `p`: distinct_from: `manager` is for other people: both need 3, and at most 2 could be found"
        ]
    );
    let others = "approvers = [\"sre\"]\ndistinct_from = [\"p\", \"nowhere\"]";
    assert_eq!(
        wrong(others),
        [
            "line 16: policy `p`: distinct_from names `nowhere`, which is no policy",
            "line 16: policy `p`: distinct_from names the policy itself",
        ]
    );
    assert_eq!(
        wrong("approvers = [\"sre\"]\ndistinct_from = []"),
        ["line 16: policy `p`: distinct_from: an empty list lets nobody in: leave the key out"]
    );
}
