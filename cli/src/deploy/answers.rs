//! What a guided deployment was told, in a file: the next one needs no questions. It holds no secret.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml_span::value::ValueInner;

use crate::file;

/// The answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) stack: Option<String>,
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) arch: Option<String>,
    pub(super) bucket: Option<String>,
    pub(super) policy: Option<PathBuf>,
    /// Where people are asked: `slack`, `teams`.
    pub(super) chats: Vec<String>,
    /// Parameters of the template.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Answers {
    /// Those of a file; none if it is not there.
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Self::of(&text).with_context(|| format!("{} cannot be used", file.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }

    fn of(text: &str) -> anyhow::Result<Self> {
        let mut document = toml_span::parse(text)?;
        let ValueInner::Table(entries) = document.take() else { bail!("it is no table") };
        let mut answers = Self::default();
        for (key, mut value) in entries {
            let text = |value: ValueInner<'_>| match value {
                ValueInner::String(text) => Ok(text.into_owned()),
                _ => bail!("`{}` must be text", key.name),
            };
            match (key.name.as_ref(), value.take()) {
                ("stack", value) => answers.stack = Some(text(value)?),
                ("region", value) => answers.region = Some(text(value)?),
                ("profile", value) => answers.profile = Some(text(value)?),
                ("arch", value) => answers.arch = Some(text(value)?),
                ("bucket", value) => answers.bucket = Some(text(value)?),
                ("policy", value) => answers.policy = Some(text(value)?.into()),
                ("chats", ValueInner::Array(chats)) => {
                    for mut chat in chats {
                        answers.chats.push(text(chat.take())?);
                    }
                }
                ("parameters", ValueInner::Table(parameters)) => {
                    for (name, mut value) in parameters {
                        let value = text(value.take()).with_context(|| format!("parameters.{}", name.name))?;
                        answers.parameters.insert(name.name.into_owned(), value);
                    }
                }
                (other, _) => bail!("`{other}` is not known here, or not of the right type"),
            }
        }
        Ok(answers)
    }

    /// Keeps them, whether the file is there or not.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        file::write(path, &self.text()).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn text(&self) -> String {
        let mut text = "# What `countersign deploy --guided` was told. There is no secret in it.\n".to_owned();
        let policy = self.policy.as_ref().map(|policy| policy.display().to_string());
        let values = [
            ("stack", &self.stack),
            ("region", &self.region),
            ("profile", &self.profile),
            ("arch", &self.arch),
            ("bucket", &self.bucket),
            ("policy", &policy),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                // Writing to a text does not fail.
                let _ = writeln!(text, "{name} = {}", quoted(value));
            }
        }
        let chats: Vec<String> = self.chats.iter().map(|chat| quoted(chat)).collect();
        let _ = writeln!(text, "chats = [{}]", chats.join(", "));
        let _ = writeln!(text, "\n[parameters]");
        for (name, value) in &self.parameters {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        text
    }
}

/// A text as TOML has it, which takes what JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let answers = Answers {
            stack: Some("countersign".to_owned()),
            region: Some("eu-central-1".to_owned()),
            policy: Some("a \"policy\"\\.toml".into()),
            chats: vec!["slack".to_owned()],
            parameters: BTreeMap::from([("MailFrom".to_owned(), "a@example.com\n".to_owned())]),
            ..Answers::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countersign.toml");
        assert_eq!(Answers::read(&file).unwrap(), Answers::default());
        answers.write(&file).unwrap();
        assert_eq!(Answers::read(&file).unwrap(), answers, "{}", answers.text());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (wrong, why) in [
            ("stak = \"x\"", "`stak` is not known"),
            ("stack = 1", "`stack` must be text"),
            ("[parameters]\nA = 1", "parameters.A"),
            ("chats = \"slack\"", "`chats` is not known here, or not of the right type"),
        ] {
            let error = format!("{:#}", Answers::of(wrong).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
