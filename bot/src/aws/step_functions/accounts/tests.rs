use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::*;
use crate::approval::accounts::Account;
use crate::aws::wire::{Answer, Service, refusal};

const HERE: &str = "arn:aws:states:eu-west-1:999999999999";
const THERE: &str = "arn:aws:states:us-east-1:111122223333";

/// A clock that a test moves.
struct Watch(Mutex<Timestamp>);

impl Clock for Watch {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Bench {
    service: Service,
    step_functions: StepFunctionsOfAccounts,
    clock: Arc<Watch>,
    alarms: Arc<AtomicUsize>,
}

impl Bench {
    async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let service = Service::answering(answers).await;
        let clock = Arc::new(Watch(Mutex::new("2026-11-23T10:00:00Z".parse().unwrap())));
        let alarms = Arc::new(AtomicUsize::new(0));
        let counted = alarms.clone();
        let alarm = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        let spokes = Spokes::new(&service.config(), clock.clone(), alarm).telling(Some("3f1c".to_owned()));
        let account = |external_id: Option<&str>| Account {
            name: "payments".to_owned(),
            regions: ["us-east-1".to_owned(), "eu-west-1".to_owned()].into(),
            role: "countersign-spoke".to_owned(),
            external_id: external_id.map(str::to_owned),
        };
        let listed = [("111122223333", account(None)), ("444455556666", account(Some("own")))];
        let accounts = Accounts(listed.map(|(id, account)| (id.to_owned(), account)).into());
        let own = AwsStepFunctions::new(&service.config());
        let step_functions = StepFunctionsOfAccounts::new(own, vec![at(HERE)], accounts, spokes);
        Self { service, step_functions, clock, alarms }
    }

    fn pass_time(&self, minutes: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_mins(minutes);
    }

    async fn approve(&self, place: &str) -> Result<(), CallbackError> {
        let token = TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap();
        self.step_functions.send_task_success(&at(place), &token, &json!({})).await
    }

    /// With whose key which region and service were called.
    fn calls(&self) -> Vec<String> {
        self.service.signed().into_iter().map(|(scope, _)| scope).collect()
    }
}

fn at(text: &str) -> Origin {
    Origin::parse(text).unwrap()
}

/// What STS gives: a key that is good until then.
fn assumed(key: &str, until: &str) -> Answer {
    let xml = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
         <Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    (200, json!(xml))
}

/// What STS says when it refuses.
fn not_assumed(status: u16, code: &str) -> Answer {
    let xml = format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code></Error></ErrorResponse>");
    (status, json!(xml))
}

const DONE: fn() -> Answer = || (200, json!({}));

#[tokio::test]
async fn a_task_is_completed_with_the_credentials_of_its_account_in_its_region() {
    let until = "2026-11-23T11:00:00Z";
    let bench = Bench::answering([DONE(), assumed("THERE", until), DONE(), DONE(), assumed("EU", until), DONE()]).await;
    for place in [HERE, THERE, THERE, "arn:aws:states:eu-west-1:444455556666"] {
        bench.approve(place).await.unwrap();
    }
    assert_eq!(
        bench.calls(),
        [
            "id eu-west-1 states",
            "id eu-west-1 sts",
            "THERE us-east-1 states",
            "THERE us-east-1 states",
            "id eu-west-1 sts",
            "EU eu-west-1 states"
        ]
    );
    let asked: Vec<String> = bench.service.signed().into_iter().map(|(_, body)| body).collect();
    assert!(asked[1].contains("RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fcountersign-spoke"), "{}", asked[1]);
    assert!(asked[1].contains("ExternalId=3f1c") && asked[4].contains("ExternalId=own"), "{asked:?}");
    assert_eq!(bench.alarms.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn nothing_is_called_where_the_policy_has_no_account() {
    let bench = Bench::answering([]).await;
    let elsewhere = [
        "arn:aws:states:eu-west-2:999999999999",
        "arn:aws:states:eu-west-2:111122223333",
        "arn:aws:states:eu-west-1:777788889999",
        "arn:aws-cn:states:us-east-1:111122223333",
    ];
    for place in elsewhere {
        let error = bench.approve(place).await.unwrap_err();
        assert!(matches!(&error, CallbackError::Denied(code) if code == NOT_LISTED), "{place}: {error}");
        let execution = ExecutionArn::parse(&format!("{place}:execution:m:r")).unwrap();
        let token = TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap();
        let look_up = bench.step_functions.look_up(&execution, &token).await.unwrap();
        assert_eq!(look_up, LookUp::Refused { code: NOT_LISTED.to_owned() });
        assert!(bench.step_functions.is_running(&execution).await.is_err());
    }
    assert_eq!(bench.calls(), [""; 0]);
}

/// The decision is on record then, and the reconciler makes the callback once somebody has mended it.
#[tokio::test]
async fn a_role_that_cannot_be_assumed_denies_the_call_and_raises_an_alarm() {
    let bench = Bench::answering([not_assumed(403, "AccessDenied"), not_assumed(403, "AccessDenied")]).await;
    let error = bench.approve(THERE).await.unwrap_err();
    assert!(matches!(&error, CallbackError::Denied(code) if code == "STS: AccessDenied"), "{error}");
    let execution = ExecutionArn::parse(&format!("{THERE}:execution:m:r")).unwrap();
    let token = TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap();
    let look_up = bench.step_functions.look_up(&execution, &token).await.unwrap();
    assert_eq!(look_up, LookUp::Refused { code: "AccessDenied".to_owned() });
    assert_eq!(bench.alarms.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_failure_of_sts_that_passes_is_no_refusal() {
    let bench = Bench::answering([(); 3].map(|()| not_assumed(503, "ServiceUnavailable"))).await;
    let error = bench.approve(THERE).await.unwrap_err();
    assert!(matches!(&error, CallbackError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn credentials_are_renewed_before_they_expire_and_used_until_then() {
    let answers = [
        assumed("FIRST", "2026-11-23T11:00:00Z"),
        DONE(),
        DONE(),
        assumed("SECOND", "2026-11-23T11:56:00Z"),
        DONE(),
        not_assumed(403, "AccessDenied"),
        DONE(),
        not_assumed(403, "AccessDenied"),
    ];
    let bench = Bench::answering(answers).await;
    bench.approve(THERE).await.unwrap();
    bench.pass_time(54);
    bench.approve(THERE).await.unwrap();
    bench.pass_time(2);
    bench.approve(THERE).await.unwrap();
    // They cannot be renewed, and are good for some minutes.
    bench.pass_time(56);
    bench.approve(THERE).await.unwrap();
    bench.pass_time(4);
    bench.approve(THERE).await.unwrap_err();
    let used: Vec<String> = bench.calls().into_iter().filter(|call| call.ends_with("states")).collect();
    let keys: Vec<&str> = used.iter().filter_map(|call| call.split(' ').next()).collect();
    assert_eq!(keys, ["FIRST", "FIRST", "SECOND", "SECOND"]);
}

#[tokio::test]
async fn credentials_that_expire_meanwhile_are_renewed_once_and_the_call_is_made_again() {
    let until = "2026-11-23T11:00:00Z";
    for code in EXPIRED {
        let later = "2026-11-23T11:30:00Z";
        let answers = [assumed("FIRST", until), refusal(400, code), assumed("SECOND", later), DONE(), DONE()];
        let bench = Bench::answering(answers).await;
        bench.approve(THERE).await.unwrap();
        bench.approve(THERE).await.unwrap();
        let calls = bench.calls();
        assert_eq!(
            calls,
            [
                "id eu-west-1 sts",
                "FIRST us-east-1 states",
                "id eu-west-1 sts",
                "SECOND us-east-1 states",
                "SECOND us-east-1 states"
            ],
            "{code}"
        );
    }
    let answers = [
        assumed("FIRST", until),
        refusal(400, "ExpiredTokenException"),
        assumed("SECOND", "2026-11-23T11:30:00Z"),
        refusal(400, "ExpiredTokenException"),
    ];
    let bench = Bench::answering(answers).await;
    let error = bench.approve(THERE).await.unwrap_err();
    assert!(matches!(&error, CallbackError::Denied(code) if code == "ExpiredTokenException"), "{error}");
    assert_eq!(bench.calls().len(), 4, "nobody goes on for ever");
}

/// Every call does that, whatever it answers.
#[tokio::test]
async fn looking_up_goes_on_with_renewed_credentials_as_well() {
    let described = json!({"executionArn": "a", "stateMachineArn": "m", "status": "RUNNING", "startDate": 1.0});
    let answers = [
        assumed("FIRST", "2026-11-23T11:00:00Z"),
        refusal(400, "ExpiredTokenException"),
        assumed("SECOND", "2026-11-23T11:10:00Z"),
        (200, described.clone()),
        (200, json!({ "events": [] })),
        refusal(400, "ExpiredTokenException"),
        assumed("THIRD", "2026-11-23T11:20:00Z"),
        (200, described.clone()),
        refusal(400, "ExpiredTokenException"),
        assumed("FOURTH", "2026-11-23T11:30:00Z"),
        (200, described),
    ];
    let bench = Bench::answering(answers).await;
    let execution = ExecutionArn::parse(&format!("{THERE}:execution:m:r")).unwrap();
    let token = TaskToken::parse("AQCEAAAAKgAAAAMAAA").unwrap();
    assert_eq!(bench.step_functions.look_up(&execution, &token).await.unwrap(), LookUp::NotInHistory);
    assert!(bench.step_functions.is_running(&execution).await.unwrap());
    assert_eq!(bench.step_functions.end_of(&execution).await.unwrap(), None);
    assert_eq!(bench.calls().last().map(String::as_str), Some("FOURTH us-east-1 states"));
}
