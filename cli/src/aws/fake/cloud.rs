//! CloudFormation and S3, as far as a deployment asks them: stacks that change by change sets, and buckets that belong to
//! somebody.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};

use super::{REGION, Refusal, check_signed, xml};

/// The account that all of this is in.
const ACCOUNT: &str = "123456789012";

/// What a deployment finds and changes.
#[derive(Debug, Default)]
pub(crate) struct Cloud {
    /// The stacks by name.
    pub(crate) stacks: BTreeMap<String, Deployed>,
    /// What the next change set does: action, resource, kind, replacement.
    pub(crate) next: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    /// What fails when it is carried out, and why.
    pub(crate) fails: Option<(&'static str, &'static str)>,
    /// The account that owns a bucket, and the names of what is in it.
    pub(crate) buckets: BTreeMap<String, (String, BTreeSet<String>)>,
    /// The parameters of the last change set.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The stacks of the change sets.
    pub(crate) change_sets: BTreeMap<String, String>,
    /// The buckets that are closed to the public.
    pub(crate) blocked: BTreeSet<String>,
}

/// A stack.
#[derive(Debug, Default, Clone)]
pub(crate) struct Deployed {
    pub(crate) status: String,
    pub(crate) outputs: Vec<(String, String)>,
    /// The newest last: resource, status, reason, token.
    pub(crate) events: Vec<(String, String, String, String)>,
}

fn id(name: &str) -> String {
    format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1")
}

impl Cloud {
    /// The name of a stack that is named by name or id.
    fn named(&self, stack: &str) -> Option<String> {
        self.stacks.keys().find(|name| *name == stack || id(name) == stack).cloned()
    }

    /// Answers an action of CloudFormation; none if it is another.
    pub(crate) fn answer(&mut self, form: &BTreeMap<String, String>) -> Option<Result<String, Refusal>> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let (stack, set) = (field("StackName"), field("ChangeSetName"));
        let missing = || Refusal::bad("ValidationError", format!("Stack [{stack}] does not exist"));
        Some(match form["Action"].as_str() {
            "DescribeStacks" => {
                let name = self.named(&stack)?;
                Ok(self.described(&name))
            }
            "DeleteChangeSet" => match self.change_sets.contains_key(&set) || self.named(&stack).is_some() {
                true => {
                    self.change_sets.remove(&set);
                    Ok(String::new())
                }
                false => Err(missing()),
            },
            "CreateChangeSet" => Ok(self.create(&stack, &set, form)),
            "DescribeChangeSet" => Ok(self.changes()),
            "ExecuteChangeSet" => {
                let name = self.change_sets[&set].clone();
                self.execute(&name, &field("ClientRequestToken"));
                Ok(String::new())
            }
            "DeleteStack" => {
                if let Some(name) = self.named(&stack) {
                    self.stacks.remove(&name);
                }
                Ok(String::new())
            }
            "DescribeStackEvents" => self.named(&stack).map_or_else(|| Err(missing()), |name| Ok(self.events(&name))),
            "GetTemplate" => {
                Ok("<TemplateBody>{\"Resources\":{\"Approvals\":{\"DeletionPolicy\":\"RetainExceptOnCreate\"},\
                 \"Bus\":{}}}</TemplateBody>"
                    .to_owned())
            }
            "DescribeStackResources" => {
                let member = |name: &str, kind: &str| {
                    format!(
                        "<member><LogicalResourceId>{name}</LogicalResourceId><PhysicalResourceId>{stack}-{name}\
                         </PhysicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE\
                         </ResourceStatus><Timestamp>2026-11-23T10:00:00Z</Timestamp></member>"
                    )
                };
                let members = member("Approvals", "AWS::DynamoDB::Table") + &member("Bus", "AWS::Events::EventBus");
                Ok(format!("<StackResources>{members}</StackResources>"))
            }
            _ => return None,
        })
    }

    fn described(&self, name: &str) -> String {
        let Deployed { status, outputs, .. } = &self.stacks[name];
        let output = |(key, value): &(String, String)| {
            format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
        };
        let outputs: String = outputs.iter().map(output).collect();
        format!(
            "<Stacks><member><StackName>{name}</StackName><StackId>{}</StackId>\
             <CreationTime>2026-11-23T10:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
             <Outputs>{outputs}</Outputs></member></Stacks>",
            id(name)
        )
    }

    fn create(&mut self, stack: &str, set: &str, form: &BTreeMap<String, String>) -> String {
        if form["ChangeSetType"] == "CREATE" {
            let review = Deployed { status: "REVIEW_IN_PROGRESS".to_owned(), ..Deployed::default() };
            self.stacks.insert(stack.to_owned(), review);
        }
        assert!(form["TemplateURL"].starts_with(&format!("https://s3.{REGION}.amazonaws.com/")), "{form:?}");
        let parameter = |number: usize, part: &str| form.get(&format!("Parameters.member.{number}.{part}")).cloned();
        let names = (1..).map_while(|number| Some((number, parameter(number, "ParameterKey")?)));
        self.parameters = names
            .map(|(number, name)| (name, parameter(number, "ParameterValue").unwrap_or_else(|| "as before".to_owned())))
            .collect();
        let arn = format!("arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/{set}/1");
        self.change_sets.insert(arn.clone(), stack.to_owned());
        format!("<Id>{arn}</Id><StackId>{}</StackId>", id(stack))
    }

    fn changes(&self) -> String {
        if self.next.is_empty() {
            return "<Status>FAILED</Status><StatusReason>The submitted information didn't contain changes.</StatusReason>"
                .to_owned();
        }
        let member = |(action, name, kind, replacement): &(&str, &str, &str, &str)| {
            format!(
                "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action>\
                 <LogicalResourceId>{name}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
                 <Replacement>{replacement}</Replacement></ResourceChange></member>"
            )
        };
        let members: String = self.next.iter().map(member).collect();
        format!("<Status>CREATE_COMPLETE</Status><Changes>{members}</Changes>")
    }

    fn execute(&mut self, name: &str, token: &str) {
        let (changes, fails) = (std::mem::take(&mut self.next), self.fails.take());
        let stack = self.stacks.get_mut(name).unwrap();
        let verb = if stack.status == "REVIEW_IN_PROGRESS" { "CREATE" } else { "UPDATE" };
        let event = |resource: &str, status: String, reason: &str| {
            (resource.to_owned(), status, reason.to_owned(), token.to_owned())
        };
        stack.events.push(event(name, format!("{verb}_IN_PROGRESS"), "User Initiated"));
        for (_, resource, _, _) in changes {
            match fails.filter(|(failing, _)| *failing == resource) {
                Some((_, reason)) => stack.events.push(event(resource, format!("{verb}_FAILED"), reason)),
                None => stack.events.push(event(resource, format!("{verb}_COMPLETE"), "")),
            }
        }
        let back = if verb == "CREATE" { "ROLLBACK_COMPLETE" } else { "UPDATE_ROLLBACK_COMPLETE" };
        stack.status = if fails.is_some() { back.to_owned() } else { format!("{verb}_COMPLETE") };
        stack.outputs = [("TableName", "table"), ("PublicUrl", "https://api.example.com")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let status = stack.status.clone();
        stack.events.push(event(name, status, ""));
    }

    fn events(&self, name: &str) -> String {
        let member = |(number, (resource, status, reason, token)): (usize, &(String, String, String, String))| {
            let physical = if resource == name { id(name) } else { "something".to_owned() };
            format!(
                "<member><StackId>{}</StackId><EventId>{number}</EventId><StackName>{name}</StackName>\
                 <LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
                 <ResourceType>AWS::X::Y</ResourceType><ResourceStatus>{status}</ResourceStatus>\
                 <ResourceStatusReason>{reason}</ResourceStatusReason><Timestamp>2026-11-23T10:00:00Z</Timestamp>\
                 <ClientRequestToken>{token}</ClientRequestToken></member>",
                id(name)
            )
        };
        let members: String = self.stacks[name].events.iter().enumerate().rev().map(member).collect();
        format!("<StackEvents>{members}</StackEvents>")
    }

    /// S3, which looks at who owns a bucket before it does anything there.
    pub(crate) fn s3(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
        let refuse = |status: StatusCode, code: &str| {
            xml(status, &format!("<Error><Code>{code}</Code><Message>it is refused</Message></Error>"))
        };
        if check_signed(headers, "s3").is_err() {
            return refuse(StatusCode::FORBIDDEN, "SignatureDoesNotMatch");
        }
        let hash = digest(&SHA256, body);
        assert_eq!(headers["x-amz-content-sha256"], HEXLOWER.encode(hash.as_ref()), "what is signed is what is sent");
        let path = uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').map_or((path, None), |(bucket, key)| (bucket, Some(key)));
        let owner = self.buckets.get(bucket).map(|(owner, _)| owner.clone());
        let is_creation = method == Method::PUT && key.is_none() && uri.query().is_none();
        match &owner {
            Some(owner) if is_creation => {
                let ours = owner == ACCOUNT;
                return refuse(
                    StatusCode::CONFLICT,
                    if ours { "BucketAlreadyOwnedByYou" } else { "BucketAlreadyExists" },
                );
            }
            None if is_creation => {
                assert!(String::from_utf8_lossy(body).contains(REGION), "a bucket is made in the region of the stack");
                self.buckets.insert(bucket.to_owned(), (ACCOUNT.to_owned(), BTreeSet::new()));
                return StatusCode::OK.into_response();
            }
            None => return refuse(StatusCode::NOT_FOUND, "NoSuchBucket"),
            // Entries of trails go into a bucket that the stack itself names.
            Some(_) if key.is_some_and(|key| key.starts_with("apr_")) => {}
            Some(owner) if headers.get("x-amz-expected-bucket-owner").is_none_or(|expected| expected != owner) => {
                return refuse(StatusCode::FORBIDDEN, "AccessDenied");
            }
            Some(_) => {}
        }
        let objects = &mut self.buckets.get_mut(bucket).unwrap().1;
        match (method.as_str(), uri.query(), key) {
            ("HEAD", None, None) => StatusCode::OK.into_response(),
            ("HEAD", None, Some(key)) if objects.contains(key) => StatusCode::OK.into_response(),
            ("HEAD", None, Some(_)) => StatusCode::NOT_FOUND.into_response(),
            ("PUT", None, Some(key)) if headers.contains_key("if-none-match") && objects.contains(key) => {
                refuse(StatusCode::PRECONDITION_FAILED, "PreconditionFailed")
            }
            ("PUT", None, Some(key)) => {
                assert_eq!(headers["x-amz-checksum-sha256"], BASE64.encode(hash.as_ref()));
                objects.insert(key.to_owned());
                StatusCode::OK.into_response()
            }
            ("GET", Some("publicAccessBlock"), None) if self.blocked.contains(bucket) => StatusCode::OK.into_response(),
            ("GET", Some("publicAccessBlock"), None) => {
                refuse(StatusCode::NOT_FOUND, "NoSuchPublicAccessBlockConfiguration")
            }
            ("PUT", Some(what @ ("encryption" | "publicAccessBlock")), None) => {
                if what == "publicAccessBlock" {
                    self.blocked.insert(bucket.to_owned());
                }
                StatusCode::OK.into_response()
            }
            other => panic!("this program has no business with {other:?}"),
        }
    }
}
