//! Reads JSON strictly, and says what is wrong by the name of the field and without its value.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a value; the text of the first problem names its field.
///
/// A string is never quoted: when fields are mixed up, it may be the task token.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let problem = unquoted(&error.into_inner().to_string());
        // The root has no name; the message itself then names the missing or unknown field.
        if path == "." { problem } else { format!("{path}: {problem}") }
    })
}

fn unquoted(problem: &str) -> String {
    match (problem.split_once("string \""), problem.rsplit_once("\", expected ")) {
        (Some((kind, _)), Some((_, expected))) => format!("{kind}a string, expected {expected}"),
        _ => problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only reading it is tested")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only reading it is tested")]
        number: i64,
    }

    #[test]
    fn a_problem_names_the_field_and_quotes_no_string() {
        let cases = [
            (json!({}), "missing field `inner`"),
            (json!({"inner": {}}), "inner: missing field `number`"),
            (json!({"inner": {"number": 1, "token": "secret"}}), "inner.token: unknown field `token`"),
            (json!({"inner": {"number": 1.5}}), "inner.number: invalid type: floating point `1.5`, expected i64"),
            (json!({"inner": {"number": "secret"}}), "inner.number: invalid type: a string, expected i64"),
            (
                json!({"inner": {"number": "secret\", expected x"}}),
                "inner.number: invalid type: a string, expected i64",
            ),
            (json!("secret"), "invalid type: a string, expected struct Outer"),
        ];
        for (value, expected) in cases {
            let problem = read::<Outer>(value).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
