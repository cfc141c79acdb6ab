//! The accounts beside the deployment's own whose executions may ask, and the role that is trusted with them in each.
//!
//! What is called where is computed from this list alone: a request only says which entry of it applies.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::Origin;

/// The name of the role in an account where the policy names none; `infra/spoke.yaml` makes it.
pub const DEFAULT_ROLE: &str = "countersign-spoke";

/// The accounts of the policy, by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts(pub BTreeMap<String, Account>);

/// One `[accounts.ID]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What people call it.
    pub name: String,
    /// The regions whose executions may ask.
    pub regions: BTreeSet<String>,
    /// The name of the role by which tasks are completed and executions looked at there.
    pub role: String,
    /// What that role wants to be told; where there is none, the one of the deployment.
    pub external_id: Option<String>,
}

/// The role that an account trusts the deployment with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What it wants to be told, where the policy says that.
    pub external_id: Option<String>,
}

impl Accounts {
    /// The role in this account, if the account and the region are on the list.
    pub fn role(&self, at: &Origin) -> Option<Role> {
        let account = self.0.get(at.account()).filter(|account| account.regions.contains(at.region()))?;
        Some(Role {
            arn: format!("arn:{}:iam::{}:role/{}", at.partition(), at.account(), account.role),
            external_id: account.external_id.clone(),
        })
    }
}

/// Whether AWS gives such an id to accounts.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|c| c.is_ascii_digit())
}

/// Whether this can be the name of a role: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
pub fn is_role_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_+=,.@-".contains(&c))
}

/// Whether a role can want to be told this: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
pub fn is_external_id(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&c);
    (2..=1224).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn the_role_is_that_of_the_list_whatever_a_request_names() {
        let account = Account {
            name: "payments".to_owned(),
            regions: ["eu-west-1".to_owned(), "us-east-1".to_owned()].into(),
            role: DEFAULT_ROLE.to_owned(),
            external_id: None,
        };
        let accounts = Accounts([("111122223333".to_owned(), account)].into());
        let role = accounts.role(&at("arn:aws:states:us-east-1:111122223333")).unwrap();
        assert_eq!(role.arn, "arn:aws:iam::111122223333:role/countersign-spoke");
        for elsewhere in ["arn:aws:states:eu-west-2:111122223333", "arn:aws:states:eu-west-1:444455556666"] {
            assert_eq!(accounts.role(&at(elsewhere)), None, "{elsewhere}");
        }
    }

    #[test]
    fn what_aws_would_refuse_is_no_name_of_a_role_and_no_external_id() {
        assert!(is_role_name("countersign-spoke") && is_external_id("3f1c:a/b") && is_account_id("012345678901"));
        for text in ["", "a/b", "a b", "a*", &"a".repeat(65)] {
            assert!(!is_role_name(text), "{text}");
        }
        for text in ["", "a", "a b", "a*", &"a".repeat(1225)] {
            assert!(!is_external_id(text), "{text}");
        }
        for text in ["", "12345678901", "1234567890123", "12345678901a", "12345678901\u{660}"] {
            assert!(!is_account_id(text), "{text}");
        }
    }
}
