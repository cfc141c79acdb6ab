//! The links of a request. Where one leads is told by its host, so it is only taken if every program finds the same host
//! in it.

use serde::{Deserialize, Serialize};
use url::Url;

/// A link, with what the request says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What is behind it, in the words of whoever asks.
    pub text: String,
    /// Where it leads.
    pub url: HttpsUrl,
}

/// An address of HTTPS, as it was written, with its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpsUrl {
    text: String,
    host: String,
}

/// What an address begins with.
const SCHEME: &str = "https://";

impl HttpsUrl {
    /// Reads an address. There is no user name in it that could look like a host, and no character that programs read
    /// differently, such as a backslash (<https://url.spec.whatwg.org/#url-parsing>) or a line break.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix(SCHEME).ok_or("must begin with https://")?;
        if !text.chars().all(is_of_url) {
            return Err("has a character that no URL has: write it percent-encoded, and a host in ASCII");
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err("must not have a user name or a password before its host");
        }
        let url = Url::parse(text).map_err(|_| "is not a URL")?;
        // Browsers look for a host behind further slashes, and decode one that is percent-encoded.
        let is_plain = !authority.is_empty() && !authority.contains('%');
        let host = url.host_str().filter(|host| is_plain && host.chars().all(is_of_host));
        let host = host.ok_or("has no host name that people can read")?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { text: text.to_owned(), host: format!("{host}{port}") })
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, and the port if that is another than the usual one.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl TryFrom<String> for HttpsUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HttpsUrl> for String {
    fn from(url: HttpsUrl) -> Self {
        url.text
    }
}

/// The characters of RFC 3986 (<https://www.rfc-editor.org/rfc/rfc3986#section-2>).
fn is_of_url(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c)
}

fn is_of_host(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_where_a_browser_goes() {
        for (text, host) in [
            ("https://example.com", "example.com"),
            ("https://EXAMPLE.com/a?b=c&d=@e#f", "example.com"),
            ("https://example.com:8443/", "example.com:8443"),
            ("https://example.com:443/", "example.com"),
            ("https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://example.com/@evil.example/(a)*_b", "example.com"),
        ] {
            let url = HttpsUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.as_str()), (host, text));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for text in [
            "",
            "http://example.com",
            "HTTPS://example.com",
            "javascript:alert(1)",
            "//example.com",
            "https://",
            "https:///example.com",
            "https://?a",
            "https://example.com@evil.example/",
            "https://a:b@evil.example/",
            "https://@evil.example/",
            "https://evil.example\\@example.com/",
            "https://evil.exa\nmple/",
            "https://example.com/a\tb",
            "https://example.com/a b",
            "https://example.com/<b>|c",
            "https://ex%61mple.com/",
            "https://аpple.com/",
            "https://example.com/\u{202e}",
            "https://[::1]/",
            "https://a_b.example/",
            "https://example.com:99999/",
            "https://exa mple.com/",
        ] {
            assert!(HttpsUrl::parse(text).is_err(), "{text:?}");
        }
    }
}
