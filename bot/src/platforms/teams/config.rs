//! What Teams needs: the bot's registration, and where everything is.

use secrecy::SecretString;

use super::client::service_url::{AllowedHosts, Host, ServiceUrl};
use super::client::{Client, Credentials, Settings};
use super::token::TokenVerifier;
use crate::net::http::HttpClient;
use crate::reader::Reader;

/// The fixed address of the Bot Framework's metadata, which has no hyphen in its last part.
const OPENID_URL: &str = "https://login.botframework.com/v1/.well-known/openidconfiguration";
/// The address of Entra's login.
const LOGIN_URL: &str = "https://login.microsoftonline.com";
/// Where a bot of the public cloud starts a conversation itself.
const SERVICE_URL: &str = "https://smba.trafficmanager.net/teams";

/// What a secret may hold of it.
pub const SECRET_KEYS: [&str; 3] = ["teams_app_id", "teams_app_password", "teams_tenant"];

/// What Teams needs.
#[derive(Debug, Clone)]
pub struct TeamsConfig {
    /// The hosts that the bot's token may go to.
    pub hosts: AllowedHosts,
    credentials: Credentials,
    openid_url: String,
    login_url: String,
    service_url: ServiceUrl,
}

impl TeamsConfig {
    /// Checks that requests are from the Bot Framework.
    pub fn verifier(&self, http: HttpClient) -> TokenVerifier {
        TokenVerifier::new(self.credentials.app_id.clone(), self.openid_url.clone(), http)
    }

    /// Calls the Connector.
    pub fn client(&self, http: HttpClient) -> std::io::Result<Client> {
        Client::new(Settings {
            credentials: self.credentials.clone(),
            login_url: self.login_url.clone(),
            service_url: self.service_url.clone(),
            http,
        })
    }
}

impl TeamsConfig {
    /// Reads it; none if Teams is off, or something is wrong with it.
    pub(crate) fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<Self> {
        const APP_ID: &str = "COUNTERSIGN_TEAMS_APP_ID";
        const PASSWORD: &str = "COUNTERSIGN_TEAMS_APP_PASSWORD";
        const TENANT: &str = "COUNTERSIGN_TEAMS_TENANT";
        if !reader.is_set(&[APP_ID, PASSWORD, TENANT]) {
            return None;
        }
        let app_id = reader.required(APP_ID, "requests from Teams cannot be verified without it");
        let app_password = reader.required(PASSWORD, "the bot cannot log in without it").map(SecretString::from);
        let tenant = reader.required(TENANT, "the bot is registered in it");
        let openid_url = reader.url_or("COUNTERSIGN_TEAMS_OPENID_URL", OPENID_URL);
        let login_url = reader.url_or("COUNTERSIGN_TEAMS_LOGIN_URL", LOGIN_URL);
        let hosts = hosts(reader);
        let service_url = service_url(reader, &hosts);
        Some(Self {
            hosts,
            credentials: Credentials { app_id: app_id?, app_password: app_password?, tenant: tenant? },
            openid_url: openid_url?,
            login_url: login_url?,
            service_url: service_url?,
        })
    }
}

fn hosts<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> AllowedHosts {
    const HOSTS: &str = "COUNTERSIGN_ALLOWED_HOSTS";
    let text = reader.optional(HOSTS).unwrap_or_default();
    let mut hosts = Vec::new();
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match Host::parse(entry) {
            Some(host) => hosts.push(host),
            None => reader.complain(format!("{HOSTS}: `{entry}` is not host or host:port")),
        }
    }
    AllowedHosts::with(hosts)
}

fn service_url<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>, hosts: &AllowedHosts) -> Option<ServiceUrl> {
    const URL: &str = "COUNTERSIGN_TEAMS_SERVICE_URL";
    let address = reader.url_or(URL, SERVICE_URL)?;
    let checked = hosts.check(&address);
    if checked.is_err() {
        reader.complain(format!("{URL} is not at a host of Microsoft's, nor at one of COUNTERSIGN_ALLOWED_HOSTS"));
    }
    checked.ok()
}

#[cfg(test)]
mod tests {
    use crate::net::http::HttpClient;
    use crate::reader::Problems;
    use crate::startup::config::Config;

    const APP: [(&str, &str); 3] = [
        ("COUNTERSIGN_TEAMS_APP_ID", "app-1"),
        ("COUNTERSIGN_TEAMS_APP_PASSWORD", "hidden"),
        ("COUNTERSIGN_TEAMS_TENANT", "tenant-1"),
    ];

    fn read(values: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_lookup(|name| {
            let always = [("COUNTERSIGN_PUBLIC_URL", "https://bot.example.com")];
            let found = values.iter().chain(&always).find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn three_values_are_enough_and_without_them_teams_is_off() {
        assert!(read(&[]).unwrap().teams.is_none());
        let overrides_alone = [("COUNTERSIGN_ALLOWED_HOSTS", "127.0.0.1:8420")];
        assert!(read(&overrides_alone).unwrap().teams.is_none());
        let config = read(&APP).unwrap();
        let teams = config.teams.as_ref().unwrap();
        assert_eq!(teams.service_url.to_string(), "https://smba.trafficmanager.net/teams");
        assert!(teams.client(HttpClient::default()).is_ok());
        assert!(!format!("{config:?}").contains("hidden"));
    }

    #[test]
    fn each_of_the_three_is_asked_for_when_another_is_there() {
        let missing = [
            "COUNTERSIGN_TEAMS_APP_ID is missing: requests from Teams cannot be verified without it",
            "COUNTERSIGN_TEAMS_APP_PASSWORD is missing: the bot cannot log in without it",
            "COUNTERSIGN_TEAMS_TENANT is missing: the bot is registered in it",
        ];
        for (index, given) in APP.iter().enumerate() {
            let expected = missing.iter().enumerate().filter(|(other, _)| *other != index);
            let expected: Vec<_> = expected.map(|(_, problem)| (*problem).to_owned()).collect();
            assert_eq!(read(&[*given]).unwrap_err().0, expected);
        }
    }

    #[test]
    fn another_address_needs_its_host_on_the_list() {
        let at = |url, hosts| {
            let more = [("COUNTERSIGN_TEAMS_SERVICE_URL", url), ("COUNTERSIGN_ALLOWED_HOSTS", hosts)];
            let values: Vec<_> = APP.into_iter().chain(more).collect();
            read(&values).map(|config| config.teams.unwrap().service_url.to_string()).map_err(|problems| problems.0)
        };
        assert_eq!(
            at("http://127.0.0.1:8420/c/", "a.example, 127.0.0.1:8420"),
            Ok("http://127.0.0.1:8420/c".to_owned())
        );
        let elsewhere =
            "COUNTERSIGN_TEAMS_SERVICE_URL is not at a host of Microsoft's, nor at one of COUNTERSIGN_ALLOWED_HOSTS";
        assert_eq!(at("https://teams.example", "a.example"), Err(vec![elsewhere.to_owned()]));
    }

    #[test]
    fn every_problem_is_named() {
        let more = [
            ("COUNTERSIGN_TEAMS_OPENID_URL", "http://login.example"),
            ("COUNTERSIGN_TEAMS_LOGIN_URL", ""),
            ("COUNTERSIGN_TEAMS_SERVICE_URL", "teams.example"),
            ("COUNTERSIGN_ALLOWED_HOSTS", "https://a.example,*.example"),
        ];
        let values: Vec<_> = APP.into_iter().chain(more).collect();
        assert_eq!(
            read(&values).unwrap_err().0,
            [
                "COUNTERSIGN_TEAMS_OPENID_URL is no https address (http only for this machine)",
                "COUNTERSIGN_TEAMS_LOGIN_URL is set and empty",
                "COUNTERSIGN_ALLOWED_HOSTS: `https://a.example` is not host or host:port",
                "COUNTERSIGN_ALLOWED_HOSTS: `*.example` is not host or host:port",
                "COUNTERSIGN_TEAMS_SERVICE_URL is no https address (http only for this machine)",
            ]
        );
    }
}
