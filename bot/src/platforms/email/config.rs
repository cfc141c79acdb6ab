//! What mail needs: a sender, and keys for the links.

use super::link::LinkKeys;
use crate::approval::identities::is_address;
use crate::net::signature::SigningKey;
use crate::reader::Reader;

/// Every mail carries a code made with this key, so it must be too long to be guessed from one.
const LINK_KEY_MIN: usize = 32;
/// What a secret may hold of it.
pub const SECRET_KEYS: [&str; 2] = ["link_key", "link_key_previous"];

/// What mail needs.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The sender's address, which SES must have verified.
    pub from: String,
    /// The SES configuration set that mails are sent with, if any.
    pub configuration_set: Option<String>,
    /// Sign and check the links.
    pub keys: LinkKeys,
}

impl MailConfig {
    /// Reads it; none if mail is off, or something is wrong with it.
    pub(crate) fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<'_, L>) -> Option<Self> {
        const FROM: &str = "COUNTERSIGN_MAIL_FROM";
        const KEY: &str = "COUNTERSIGN_LINK_KEY";
        // A secret holds a link key from the beginning, so in there it is no sign that mail is wanted.
        if !reader.is_in_environment(&[FROM, KEY]) {
            return None;
        }
        let from = reader.required(FROM, "mail needs a sender");
        if from.as_deref().is_some_and(|from| !is_address(from)) {
            reader.complain(format!("{FROM} is no plain address such as bot@example.com"));
        }
        let key = reader.required(KEY, "links in mail cannot be signed without it");
        if key.as_ref().is_some_and(|key| key.len() < LINK_KEY_MIN) {
            reader.complain(format!("{KEY} is shorter than {LINK_KEY_MIN} characters, so it could be found by search"));
        }
        let previous = reader.optional("COUNTERSIGN_LINK_KEY_PREVIOUS");
        let previous = previous.and_then(|key| SigningKey::new(key.into()));
        let configuration_set = reader.optional("COUNTERSIGN_MAIL_CONFIGURATION_SET");
        Some(Self { from: from?, configuration_set, keys: LinkKeys::new(SigningKey::new(key?.into())?, previous) })
    }
}
