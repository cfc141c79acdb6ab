//! The little of S3 that a deployment needs: a bucket of one's own, and objects by name.

use std::io::Cursor;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use aws_credential_types::provider::ProvideCredentials;
use countersign_bot::aws::s3::{Signer, address};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;

use super::Aws;

/// A call is tried this often; each of them has the same effect once and twice.
const TRIES_MAX: u32 = 4;
/// After the first try, plus up to as much again at random; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(500);
/// One try. The largest zip takes less than this on a line of a hundred kilobytes a second.
const TRY_MAX: Duration = Duration::from_secs(120);
/// No answer that is looked at is longer than this.
const ANSWER_MAX_BYTES: usize = 256 * 1024;

const ENCRYPTED: &str = "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
     <ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
     </Rule></ServerSideEncryptionConfiguration>";
const NOT_PUBLIC: &str = "<PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
     <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
     <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
     </PublicAccessBlockConfiguration>";

/// S3 in the region and with the login of this program. Every call names the account that the bucket has to belong to,
/// so that nobody is served who was faster with the name.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>
pub(crate) struct S3 {
    client: Client<countersign_bot::net::http::Connector, Full<Cursor<Vec<u8>>>>,
    signer: Signer,
    account: String,
    endpoint: String,
    clock: fn() -> Timestamp,
}

/// An answer that says what was asked, be it yes or no.
struct Answer {
    status: StatusCode,
    body: String,
}

impl S3 {
    /// A client on this clock for the buckets of an account.
    pub(crate) async fn new(aws: &Aws, account: &str, clock: fn() -> Timestamp) -> anyhow::Result<Self> {
        let config = aws.config();
        let region = config.region().context("no region is set")?.to_string();
        let provider = config.credentials_provider().context("there is no login")?;
        let credentials = provider.provide_credentials().await.context("the login is not valid any more")?;
        let endpoint = config.endpoint_url().map_or_else(|| address(&region), str::to_owned);
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(countersign_bot::net::http::connector()?),
            signer: Signer { identity: credentials.into(), region },
            account: account.to_owned(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            clock,
        })
    }

    /// Makes the bucket unless it is there, and says whether it made it. What is there is left as it is: its owner may
    /// have chosen another encryption.
    pub(crate) async fn ensure_bucket(&self, bucket: &str) -> anyhow::Result<bool> {
        let is_made = match self.call(Method::HEAD, bucket, "", Vec::new()).await?.status {
            StatusCode::NOT_FOUND => self.create_bucket(bucket).await?,
            status if status.is_success() => false,
            status => bail!("{}", refused("HeadBucket", bucket, status, "")),
        };
        // A run that was interrupted may have made the bucket and nothing else.
        let blocked = self.call(Method::GET, bucket, "?publicAccessBlock", Vec::new()).await?;
        if is_made || blocked.status == StatusCode::NOT_FOUND {
            self.must("PutBucketEncryption", bucket, "?encryption", ENCRYPTED).await?;
            self.must("PutPublicAccessBlock", bucket, "?publicAccessBlock", NOT_PUBLIC).await?;
        }
        Ok(is_made)
    }

    async fn create_bucket(&self, bucket: &str) -> anyhow::Result<bool> {
        // In the first region of AWS a bucket names none.
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
        let body = match self.signer.region.as_str() {
            "us-east-1" => String::new(),
            region => format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>{region}\
                 </LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        let answer = self.call(Method::PUT, bucket, "", body.into_bytes()).await?;
        match answer.code() {
            _ if answer.status.is_success() => Ok(true),
            Some("BucketAlreadyOwnedByYou") => Ok(false),
            Some("BucketAlreadyExists") => bail!(
                "the bucket {bucket} belongs to another account, which was faster with its name: name one of yours with \
                 --bucket"
            ),
            _ => bail!("{}", refused("CreateBucket", bucket, answer.status, &answer.body)),
        }
    }

    /// Whether the object is there.
    pub(crate) async fn has(&self, bucket: &str, key: &str) -> anyhow::Result<bool> {
        let answer = self.call(Method::HEAD, bucket, &format!("/{key}"), Vec::new()).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            status => bail!("{}", refused("HeadObject", bucket, status, "")),
        }
    }

    /// Puts the object. It is there whole or not at all: S3 compares what arrives with the hash in the signature.
    pub(crate) async fn put(&self, bucket: &str, key: &str, content: Vec<u8>) -> anyhow::Result<()> {
        let answer = self.call(Method::PUT, bucket, &format!("/{key}"), content).await?;
        if !answer.status.is_success() {
            bail!("{}", refused("PutObject", bucket, answer.status, &answer.body));
        }
        Ok(())
    }

    async fn must(&self, operation: &str, bucket: &str, what: &str, body: &str) -> anyhow::Result<()> {
        let answer = self.call(Method::PUT, bucket, what, body.as_bytes().to_vec()).await?;
        if !answer.status.is_success() {
            bail!("{}", refused(operation, bucket, answer.status, &answer.body));
        }
        Ok(())
    }

    /// Asks until there is an answer that would not be another the next time.
    async fn call(&self, method: Method, bucket: &str, what: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
        let mut pause = PAUSE;
        for _ in 1..TRIES_MAX {
            match self.try_once(&method, bucket, what, &body).await {
                Ok(answer) if !answer.is_passing() => return Ok(answer),
                Ok(_) | Err(_) => tokio::time::sleep(pause.mul_f64(1.0 + fastrand::f64())).await,
            }
            pause *= 2;
        }
        self.try_once(&method, bucket, what, &body).await
    }

    async fn try_once(&self, method: &Method, bucket: &str, what: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let request = self.signed(method, bucket, what, body)?;
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| anyhow!(error).context("S3"))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await;
            let body = body.map_err(|_| anyhow!("the answer of S3 broke off"))?.to_bytes();
            Ok(Answer { status: head.status, body: String::from_utf8_lossy(&body).into_owned() })
        };
        tokio::time::timeout(TRY_MAX, exchange).await.context("S3 did not answer in time")?
    }

    /// The bucket is in the path and not in the name of the host, which works for every name of a bucket and for an
    /// endpoint on this machine.
    fn signed(
        &self,
        method: &Method,
        bucket: &str,
        what: &str,
        body: &[u8],
    ) -> anyhow::Result<Request<Full<Cursor<Vec<u8>>>>> {
        let mut request = Request::builder().method(method).uri(format!("{}/{bucket}{what}", self.endpoint));
        // Nobody owns what is not there yet.
        if *method != Method::PUT || !what.is_empty() {
            request = request.header("x-amz-expected-bucket-owner", &self.account);
        }
        let request = self.signer.sign(request.body(body.to_vec())?, (self.clock)())?;
        Ok(request.map(|body| Full::new(Cursor::new(body))))
    }
}

impl Answer {
    /// The code of an error, where there is a body.
    fn code(&self) -> Option<&str> {
        between(&self.body, "<Code>", "</Code>")
    }

    fn is_passing(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// Why S3 does not do something, in the words of the AWS command line. An answer to HEAD has no words.
fn refused(operation: &str, bucket: &str, status: StatusCode, body: &str) -> String {
    let code = between(body, "<Code>", "</Code>");
    let message = between(body, "<Message>", "</Message>").unwrap_or("it says no more");
    match (status, code) {
        (_, Some(code)) => format!("An error occurred ({code}) when calling the {operation} operation: {message}"),
        (StatusCode::FORBIDDEN, None) => format!(
            "{operation}: the login may not use the bucket {bucket}, or it belongs to another account: name one of yours \
             with --bucket"
        ),
        (StatusCode::MOVED_PERMANENTLY, None) => format!("{operation}: the bucket {bucket} is in another region"),
        (status, None) => format!("{operation}: S3 answered {status} for the bucket {bucket}"),
    }
}
