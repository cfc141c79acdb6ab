//! Until when somebody is away, in the words that people type. A day lasts until its end, in UTC, since the bot knows the
//! zone of nobody.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::delegation::AWAY_MAX;

/// Why words are no time until when somebody can be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotUntil {
    /// They are no date that is understood.
    NoDate,
    /// It has passed.
    Past,
    /// It is too far ahead.
    TooFar,
}

/// Reads `today`, `tomorrow`, a day of the week, which is the next one, or `2026-12-05`, each with a time such as `14:00`
/// behind it or without; or a time with its zone, `2026-12-05T14:00:00+01:00`.
pub fn read(words: &str, now: Timestamp) -> Result<Timestamp, NotUntil> {
    let until = time(words.trim(), now).ok_or(NotUntil::NoDate)?;
    if until <= now {
        return Err(NotUntil::Past);
    }
    if until.duration_since(now) > AWAY_MAX {
        return Err(NotUntil::TooFar);
    }
    Ok(until)
}

fn time(words: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(time) = words.to_uppercase().parse::<Timestamp>() {
        return Some(time);
    }
    let (day, time) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let day = date(&day.to_lowercase(), now.to_zoned(TimeZone::UTC).date())?;
    let at = match time.trim() {
        "" => day.tomorrow().ok()?.at(0, 0, 0, 0),
        time => day.to_datetime(Time::strptime("%H:%M", time).ok()?),
    };
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn date(day: &str, today: Date) -> Option<Date> {
    match day {
        "today" => Some(today),
        "tomorrow" => today.tomorrow().ok(),
        day => match weekday(day) {
            Some(weekday) => (1..=7).find_map(|days| {
                let date = today.checked_add(i64::from(days).days()).ok()?;
                (date.weekday() == weekday).then_some(date)
            }),
            None => Date::strptime("%Y-%m-%d", day).ok(),
        },
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    days.into_iter().find(|(name, _)| *name == word || name[..3] == *word).map(|(_, day)| day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday.
    const NOW: &str = "2026-11-23T10:00:00Z";

    fn until(words: &str) -> Result<String, NotUntil> {
        read(words, NOW.parse().unwrap()).map(|time| time.to_string())
    }

    #[test]
    fn days_last_until_their_end_and_times_are_those_of_utc() {
        for (words, expected) in [
            ("today", "2026-11-24T00:00:00Z"),
            ("Tomorrow", "2026-11-25T00:00:00Z"),
            ("friday", "2026-11-28T00:00:00Z"),
            ("Fri 14:30", "2026-11-27T14:30:00Z"),
            ("monday", "2026-12-01T00:00:00Z"),
            ("2026-12-05", "2026-12-06T00:00:00Z"),
            (" 2026-12-05  08:00 ", "2026-12-05T08:00:00Z"),
            ("2026-12-05T14:00:00+01:00", "2026-12-05T13:00:00Z"),
            ("2026-12-05t14:00z", "2026-12-05T14:00:00Z"),
            ("today 10:01", "2026-11-23T10:01:00Z"),
        ] {
            assert_eq!(until(words), Ok(expected.to_owned()), "{words}");
        }
    }

    #[test]
    fn what_is_no_time_to_come_is_told_apart() {
        for words in
            ["", "someday", "fr", "2026-13-01", "05.12.2026", "friday noon", "2026-12-05T14:00", "friday 25:00"]
        {
            assert_eq!(until(words), Err(NotUntil::NoDate), "{words}");
        }
        for words in ["today 10:00", "2026-11-22", "2020-01-01T00:00:00Z"] {
            assert_eq!(until(words), Err(NotUntil::Past), "{words}");
        }
        assert_eq!(until("2027-02-21 10:00"), Ok("2027-02-21T10:00:00Z".to_owned()));
        assert_eq!(until("2027-02-21 10:01"), Err(NotUntil::TooFar));
    }
}
