//! The copy of the audit trails: nothing of it is there unless it is asked for, and then nobody can take it back.

use serde_json::{Value, json};

use super::{TEMPLATE, resources, texts, yaml};

/// The resource of this name.
fn resource(name: &str) -> Value {
    yaml(TEMPLATE)["Resources"][name].clone()
}

#[test]
fn nothing_is_copied_and_nothing_is_made_for_it_unless_it_is_asked_for() {
    let template = yaml(TEMPLATE);
    assert_eq!(template["Parameters"]["TrailArchiveDays"]["Default"], 0);
    let is_off = json!({ "!Equals": [{ "!Ref": "TrailArchiveDays" }, 0] });
    assert_eq!(template["Conditions"]["ArchivesTrails"], json!({ "!Not": [is_off] }));
    let resources = template["Resources"].as_object().unwrap();
    // What keeps the events of the bus has nothing to do with it.
    let names = ["Archivist", "ArchiveLate", "TrailArchive", "Unarchived"];
    let of_archive = |name: &&String| names.iter().any(|it| name.starts_with(it));
    let left_out =
        resources.iter().filter(|(_, it)| it["Condition"] == "ArchivesTrails").map(|(name, _)| name.as_str());
    assert_eq!(texts(left_out), texts(resources.keys().filter(of_archive).map(String::as_str)));
    let stream = &resources["Approvals"]["Properties"]["StreamSpecification"]["!If"];
    assert_eq!(*stream, json!(["ArchivesTrails", { "StreamViewType": "NEW_IMAGE" }, { "!Ref": "AWS::NoValue" }]));
}

#[test]
fn what_is_in_the_bucket_is_locked_and_nobody_hides_it_or_comes_by_without_tls() {
    let bucket = resource("TrailArchive");
    assert_eq!(
        (&bucket["DeletionPolicy"], &bucket["UpdateReplacePolicy"]),
        (&json!("RetainExceptOnCreate"), &json!("Retain"))
    );
    let bucket = &bucket["Properties"];
    let retention = json!({ "Mode": { "!Ref": "TrailArchiveMode" }, "Days": { "!Ref": "TrailArchiveDays" } });
    assert_eq!(bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"], retention);
    assert_eq!(
        (&bucket["ObjectLockEnabled"], &bucket["VersioningConfiguration"]["Status"]),
        (&json!(true), &json!("Enabled"))
    );
    let blocked = bucket["PublicAccessBlockConfiguration"].as_object().unwrap();
    assert!(blocked.len() == 4 && blocked.values().all(|it| *it == json!(true)), "{blocked:?}");
    let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["!If"];
    assert_eq!(
        encryption[1]["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
        json!({ "!Ref": "TrailArchiveKeyArn" })
    );
    // What is still locked stays, whatever the rule says.
    assert_eq!(bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"], json!({ "!Ref": "TrailArchiveDays" }));
    let policy = &resource("TrailArchivePolicy")["Properties"]["PolicyDocument"]["Statement"];
    let objects = json!({ "!Sub": "${TrailArchive.Arn}/*" });
    let denied = json!([
        {
            "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [{ "!GetAtt": "TrailArchive.Arn" }, objects],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } }
        },
        { "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": objects },
        {
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": objects,
            "Condition": { "Null": { "s3:if-none-match": "true" } }
        }
    ]);
    assert_eq!(*policy, denied);
}

/// An entry that is not copied comes again until the stream lets it go, and then somebody is told.
#[test]
fn every_new_entry_is_handed_over_and_none_is_given_up() {
    let functions = resources("AWS::Serverless::Function");
    let (_, archivist) = functions.iter().find(|(name, _)| name == "Archivist").unwrap();
    let mapping = &archivist["Events"]["Entries"]["Properties"];
    assert_eq!(mapping["Stream"], json!({ "!GetAtt": "Approvals.StreamArn" }));
    // What was written between the stream and the mapping is taken too.
    assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["MaximumRetryAttempts"], Value::Null, "it comes again as often as there is time");
    // The stream lets an entry go after 24 hours and tells nobody; Lambda, which gives up before, tells the queue.
    assert_eq!(mapping["MaximumRecordAgeInSeconds"], 23 * 3_600);
    let queue = json!({ "Type": "SQS", "Destination": { "!GetAtt": "UnarchivedEntries.Arn" } });
    assert_eq!(mapping["DestinationConfig"]["OnFailure"], queue);
    let pattern = mapping["FilterCriteria"]["Filters"][0]["Pattern"].as_str().unwrap();
    let pattern: Value = serde_json::from_str(pattern).unwrap();
    let entries = json!({ "Keys": { "item": { "S": [{ "prefix": "audit#" }] } } });
    assert_eq!(pattern, json!({ "eventName": ["INSERT"], "dynamodb": entries }));
    let late = &resource("ArchiveLateAlarm")["Properties"];
    assert_eq!((&late["MetricName"], &late["Threshold"]), (&json!("IteratorAge"), &json!(3_600_000)));
    let no_entry = &resource("ArchivistErrorsAlarm")["Properties"];
    let errors = &resource("ArchivistErrors")["Properties"];
    assert_eq!(errors["FilterPattern"], r#"{ $.level = "ERROR" }"#);
    assert_eq!(no_entry["MetricName"], errors["MetricTransformations"][0]["MetricName"]);
    let lost = &resource("UnarchivedEntriesAlarm")["Properties"]["Dimensions"][0]["Value"];
    assert_eq!(*lost, json!({ "!GetAtt": "UnarchivedEntries.QueueName" }));
}
