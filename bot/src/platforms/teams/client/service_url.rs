//! Where the bot's token may go. An activity names the address that its answers are sent to, so an address is only
//! ever called after it has become a `ServiceUrl`, and that takes a host of the list.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use url::Url;

use crate::net::http::is_safe;

/// The hosts of the Connector: the public cloud's, and those of the government clouds. Others may have any name under
/// `trafficmanager.net`, so that one is whole.
const MICROSOFT: [&str; 3] =
    ["smba.trafficmanager.net", "smba.infra.gcc.teams.microsoft.com", "smba.infra.gov.teams.microsoft.us"];
/// Every name under this is Microsoft's.
const MICROSOFT_DOMAIN: &str = ".botframework.com";

/// What is encoded in a part of a path: all but what RFC 3986 leaves unreserved:
/// <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The hosts that the bot's token may go to: Microsoft's, and those that the configuration adds.
#[derive(Debug, Clone, Default)]
pub struct AllowedHosts {
    added: Vec<Host>,
}

/// A host at one port, or at the port that its scheme means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

/// An address of the Connector whose host is on the list, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(String);

/// The address of something of the Connector, which is on a host of the list because a `ServiceUrl` made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

/// Text that is no address on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address is not https, or its host is not on the allow-list")]
pub struct Foreign;

impl AllowedHosts {
    /// Microsoft's hosts and these.
    pub fn with(added: Vec<Host>) -> Self {
        Self { added }
    }

    /// Takes an address whose host is on the list: https, or http on this machine. It has no credentials, query or
    /// fragment, so that a path can be added to it.
    pub fn check(&self, address: &str) -> Result<ServiceUrl, Foreign> {
        let url = Url::parse(address).map_err(|_| Foreign)?;
        let is_plain =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        if !is_plain || !is_safe(&url) || !self.contains(&url) {
            return Err(Foreign);
        }
        Ok(ServiceUrl(url.as_str().trim_end_matches('/').to_owned()))
    }

    fn contains(&self, url: &Url) -> bool {
        let Some(name) = url.host_str() else { return false };
        let is_microsoft = MICROSOFT.contains(&name)
            || name.strip_suffix(MICROSOFT_DOMAIN).is_some_and(|label| !label.is_empty() && !label.ends_with('.'));
        let is_at = |port: Option<u16>| match port {
            Some(_) => url.port_or_known_default() == port,
            None => url.port().is_none(),
        };
        (is_microsoft && is_at(None)) || self.added.iter().any(|host| host.name == name && is_at(host.port))
    }
}

impl Host {
    /// Reads `host` or `host:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(&format!("https://{text}/")).ok()?;
        let is_bare = !text.contains(['/', '\\', '?', '#', '@', '*']) && !text.ends_with(':');
        Some(Self { name: url.host_str()?.to_owned(), port: url.port() }).filter(|_| is_bare)
    }
}

impl ServiceUrl {
    /// The address of something of the Connector, each part of its path encoded: a conversation's id may hold `;`,
    /// `=`, `:` and `@`.
    pub fn join(&self, path: &[&str]) -> Address {
        Address(path.iter().fold(format!("{self}/v3"), |url, part| format!("{url}/{}", encoded(part))))
    }
}

impl Address {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Text as one part of a path.
pub(super) fn encoded(part: &str) -> PercentEncode<'_> {
    utf8_percent_encode(part, &ENCODED)
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(added: &[&str], address: &str) -> Option<String> {
        let hosts = added.iter().map(|host| Host::parse(host).unwrap()).collect();
        AllowedHosts::with(hosts).check(address).ok().map(|url| url.to_string())
    }

    #[test]
    fn the_token_goes_to_microsoft() {
        for (address, expected) in [
            ("https://smba.trafficmanager.net/teams/", "https://smba.trafficmanager.net/teams"),
            ("https://smba.trafficmanager.net/emea/5e0a/", "https://smba.trafficmanager.net/emea/5e0a"),
            ("https://SMBA.trafficmanager.net:443/teams", "https://smba.trafficmanager.net/teams"),
            ("https://smba.infra.gcc.teams.microsoft.com/gcc", "https://smba.infra.gcc.teams.microsoft.com/gcc"),
            ("https://smba.infra.gov.teams.microsoft.us/x", "https://smba.infra.gov.teams.microsoft.us/x"),
            ("https://europe.botframework.com", "https://europe.botframework.com"),
        ] {
            assert_eq!(check(&[], address).as_deref(), Some(expected));
        }
    }

    #[test]
    fn the_token_goes_nowhere_else() {
        for address in [
            "http://smba.trafficmanager.net/teams",
            "https://evil.trafficmanager.net/teams",
            "https://smba.trafficmanager.net.evil.example/teams",
            "https://smba.trafficmanager.net@evil.example/teams",
            "https://user:password@smba.trafficmanager.net/teams",
            "https://evil.example/#smba.trafficmanager.net",
            "https://smba.trafficmanager.net./teams",
            "https://smba.trafficmanager.net:8443/teams",
            "https://smba.trafficmanager.net/teams?to=evil",
            "https://smba.trafficmanager.net/teams#x",
            "https://evilbotframework.com",
            "https://botframework.com",
            "https://.botframework.com",
            "https://a..botframework.com",
            "https://botframework.com.evil.example",
            "http://127.0.0.1:8420/teams",
            "https://169.254.169.254/",
            "ftp://smba.trafficmanager.net",
            "//smba.trafficmanager.net/teams",
            "smba.trafficmanager.net",
            "",
        ] {
            assert_eq!(check(&[], address), None, "{address}");
        }
    }

    #[test]
    fn a_host_that_is_added_is_meant_at_its_port() {
        assert!(check(&["127.0.0.1:8420"], "http://127.0.0.1:8420/connector").is_some());
        assert!(check(&["127.0.0.1:8420"], "http://127.0.0.1:8421/connector").is_none());
        assert!(check(&["127.0.0.1"], "http://127.0.0.1:8420/connector").is_none());
        assert!(check(&["[::1]:8420"], "http://[::1]:8420").is_some());
        assert!(check(&["Proxy.Example.com"], "https://proxy.example.com/teams").is_some());
        assert!(check(&["proxy.example.com:443"], "https://proxy.example.com/teams").is_some());
        assert!(check(&["proxy.example.com"], "http://proxy.example.com/teams").is_none());
        assert!(check(&["proxy.example.com"], "https://other.proxy.example.com/teams").is_none());
    }

    #[test]
    fn a_host_is_a_name_and_perhaps_a_port() {
        for wrong in ["", "https://a.example", "a.example/x", "a@b.example", "*.example", "a.example:x", "a b", "a:"] {
            assert_eq!(Host::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_part_of_a_path_is_encoded() {
        let url = AllowedHosts::default().check("https://smba.trafficmanager.net/teams/").unwrap();
        assert_eq!(
            url.join(&["conversations", "19:a_b-c@thread.tacv2;messageid=17", "activities", "../é?#"]).as_str(),
            "https://smba.trafficmanager.net/teams/v3/conversations/\
             19%3Aa_b-c%40thread.tacv2%3Bmessageid%3D17/activities/..%2F%C3%A9%3F%23"
        );
    }
}
