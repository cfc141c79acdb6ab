//! The little of S3 that is needed: signed requests by the path of a bucket, and objects that are put once. The SDK's
//! client of S3 takes as long to compile as all others together, and would be most of what a function is; what is hard
//! about it, the signature, is the SDK's here too.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use data_encoding::{BASE64, HEXLOWER};
use http::{HeaderValue, Method, Request, StatusCode, header};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::approval::audit::Head;
use crate::approval::ids::ApprovalId;
use crate::net::deadline::{Deadline, Unavailable};
use crate::net::http::HttpClient;
use crate::ports::{Clock, SystemClock};

const SERVICE: &str = "S3";
/// A try that takes longer than this is lost.
const TRY_TIMEOUT: Duration = Duration::from_secs(5);
/// A call is tried this often. What is not done then is tried again by whoever asked for it.
const TRIES_MAX: u32 = 3;
/// After the first try, plus up to as much again at random; it doubles with each further one.
const PAUSE_MS: u64 = 100;

/// Where S3 is in a region. <https://docs.aws.amazon.com/general/latest/gr/s3.html>
pub fn address(region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://s3.{region}.{domain}")
}

/// The name of the object that has an entry of an audit trail: its number, and the hash that it ends the chain with. So
/// what somebody puts in the place of an entry has a name of its own, and both are there to be seen.
pub fn name_of_entry(id: &ApprovalId, end: &Head) -> String {
    format!("{id}/{:06}-{}.json", end.count, end.hash)
}

/// Whose requests these are, and where they go.
#[derive(Clone)]
pub struct Signer {
    /// The credentials.
    pub identity: Identity,
    /// The region of the buckets.
    pub region: String,
}

impl Signer {
    /// Signs a request at this time, and with it the hash of its body, which S3 compares with what arrives.
    pub fn sign(&self, mut request: Request<Vec<u8>>, at: Timestamp) -> Result<Request<Vec<u8>>, Unavailable> {
        let hash = Sha256::digest(request.body());
        if request.method() == Method::PUT {
            let length = request.body().len().into();
            request.headers_mut().insert(header::CONTENT_LENGTH, length);
            let checksum = BASE64.encode(&hash).parse::<HeaderValue>().map_err(not_signed)?;
            request.headers_mut().insert("x-amz-checksum-sha256", checksum);
        }
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let signing = SigningParams::builder().identity(&self.identity).region(&self.region).name("s3");
        let signing = signing.time(SystemTime::from(at)).settings(settings).build().map_err(not_signed)?.into();
        let url = request.uri().to_string();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = SignableBody::Precomputed(HEXLOWER.encode(&hash));
        let signable = SignableRequest::new(request.method().as_str(), url.as_str(), headers, body);
        let (signature, _) = sign(signable.map_err(not_signed)?, &signing).map_err(not_signed)?.into_parts();
        signature.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

fn not_signed(_: impl std::error::Error) -> Unavailable {
    Unavailable::new(SERVICE, "the call could not be signed")
}

/// A bucket whose objects are put once, and kept by the lock that it has for all of them.
#[derive(Debug)]
pub struct LockedBucket {
    http: HttpClient,
    credentials: SharedCredentialsProvider,
    region: String,
    address: String,
}

impl LockedBucket {
    /// The bucket of this name in the region of the environment; none if that has no region or no login.
    pub fn new(config: &SdkConfig, name: &str) -> Option<Self> {
        let region = config.region()?.to_string();
        let endpoint = config.endpoint_url().map_or_else(|| address(&region), str::to_owned);
        let address = format!("{}/{name}", endpoint.trim_end_matches('/'));
        Some(Self { http: HttpClient::default(), credentials: config.credentials_provider()?, region, address })
    }

    /// Puts an object, unless there is one of this name: then nothing is changed, and that is well. A call whose answer was
    /// lost may so be made again, and whoever comes later with something else replaces nothing. Says whether it was put now.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    pub async fn put_once(&self, key: &str, content: &[u8], deadline: Deadline) -> Result<bool, Unavailable> {
        for tries in 0..TRIES_MAX {
            if tries > 0 {
                let pause = fastrand::u64(PAUSE_MS..2 * PAUSE_MS) << (tries - 1);
                tokio::time::sleep(Duration::from_millis(pause).min(deadline.left())).await;
            }
            let tried = self.try_once(key, content, deadline.at_most(TRY_TIMEOUT)).await;
            match tried {
                Ok(Tried::Done { is_new }) => return Ok(is_new),
                Ok(Tried::Refused(problem)) => return Err(problem),
                Ok(Tried::Later(problem)) | Err(problem) if tries + 1 == TRIES_MAX => return Err(problem),
                Ok(Tried::Later(_)) | Err(_) => {}
            }
        }
        Err(Unavailable::new(SERVICE, "it was not tried"))
    }

    async fn try_once(&self, key: &str, content: &[u8], deadline: Deadline) -> Result<Tried, Unavailable> {
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|_| Unavailable::new(SERVICE, "there are no credentials"))?;
        let signer = Signer { identity: credentials.into(), region: self.region.clone() };
        // A bucket with a lock takes nothing without a checksum of a named kind:
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
        let request = Request::put(format!("{}/{key}", self.address))
            .header(header::IF_NONE_MATCH, "*")
            .header(header::CONTENT_TYPE, "application/json")
            .header("x-amz-sdk-checksum-algorithm", "SHA256")
            .body(content.to_vec())
            .map_err(|_| Unavailable::new(SERVICE, "the call could not be made"))?;
        let request = signer.sign(request, SystemClock.now())?;
        let answer = self.http.send(request, deadline).await.map_err(Unavailable::from)?;
        let problem = || Unavailable::new(SERVICE, refusal(answer.status(), answer.body()));
        Ok(match answer.status() {
            status if status.is_success() => Tried::Done { is_new: true },
            StatusCode::PRECONDITION_FAILED => Tried::Done { is_new: false },
            // Two who put the same at one moment, a service that is busy, and one that fails.
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => Tried::Later(problem()),
            status if status.is_server_error() => Tried::Later(problem()),
            _ => Tried::Refused(problem()),
        })
    }
}

/// What became of one try.
enum Tried {
    /// The object is there.
    Done {
        /// Whether this try has put it.
        is_new: bool,
    },
    /// It may be another time.
    Later(Unavailable),
    /// It will not be as long as nobody mends something.
    Refused(Unavailable),
}

/// The code of an error; its message is left out, since it may quote what was sent.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.map_or_else(|| status.as_u16().to_string(), str::to_owned)
}
