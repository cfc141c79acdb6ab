//! Durations, times of a day and time zones, as a policy file has them.

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use toml_span::value::Value;
use toml_span::{DeserError, Deserialize};

use super::{Duration, TimeOfDay, Zone};
use crate::approval::limits::TIMEOUT_MAX_SECONDS;
use crate::approval::policy_file::problem;

impl<'de> Deserialize<'de> for Duration {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let text = value.take_string(Some("a duration such as \"5m\""))?;
        match text.parse::<SignedDuration>() {
            Ok(duration) if duration.as_secs() > TIMEOUT_MAX_SECONDS => {
                Err(problem(format!("`{text}` is longer than any task waits"), span).into())
            }
            Ok(duration) if duration.is_positive() => Ok(Self(duration)),
            _ => {
                let message = format!("`{text}` is no duration above zero, such as \"90s\", \"5m\" or \"2h\"");
                Err(problem(message, span).into())
            }
        }
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let text = value.take_string(Some("a time such as \"22:00\""))?;
        match Time::strptime("%H:%M", text.as_ref()) {
            Ok(time) => Ok(Self(time)),
            Err(_) => Err(problem(format!("`{text}` is no time of day, such as \"07:00\" or \"22:30\""), span).into()),
        }
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let span = value.span;
        let text = value.take_string(Some("a time zone such as \"Europe/Berlin\""))?;
        match TimeZone::get(&text) {
            Ok(time_zone) => Ok(Self(time_zone)),
            Err(_) => {
                Err(problem(format!("`{text}` is no time zone, such as \"Europe/Berlin\" or \"UTC\""), span).into())
            }
        }
    }
}
