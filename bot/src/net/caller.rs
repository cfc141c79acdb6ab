//! Who calls, where API Gateway has found it out.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

/// Whoever API Gateway has authorised by IAM. The host puts it into the request's extensions, from the
/// gateway's request context; a request without it is refused.
#[derive(Debug, Clone)]
pub struct IamCaller(pub String);

impl IamCaller {
    /// Who stands behind the call: the user, or the role without the name of its session, which is another after each
    /// login. An assumed role is `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
    pub fn principal(&self) -> &str {
        match self.0.split_once(":assumed-role/").and_then(|(_, role)| role.split_once('/')) {
            Some((_, session)) => &self.0[..self.0.len() - session.len() - 1],
            None => &self.0,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IamCaller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_of_a_role_is_the_role_and_nobody_else() {
        let principal = |arn: &str| IamCaller(arn.to_owned()).principal().to_owned();
        let role = "arn:aws:sts::123456789012:assumed-role/ci";
        assert_eq!(principal(&format!("{role}/run-1")), role);
        assert_eq!(principal(&format!("{role}/ada@example.com")), role);
        assert_ne!(principal(&format!("{role}-2/run-1")), role);
        for whole in [
            role,
            "arn:aws:iam::123456789012:user/team/ada",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:federated-user/ada",
        ] {
            assert_eq!(principal(whole), whole);
        }
    }
}
