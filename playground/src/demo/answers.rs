//! What the approver of the demonstration answers to what an approval is asked for.

use anyhow::bail;
use countersign_bot::approval::entry;
use countersign_bot::approval::fields::{Field, Kind, Range};
use countersign_bot::approval::request::Request;
use jiff::civil::Date;

const TEXT: &str = "Checked";

/// An answer to each input that needs one, by its name. What nobody can make up is an error that says what to do.
pub(super) fn answers(request: &Request, today: Date) -> anyhow::Result<Vec<(String, String)>> {
    let needed = request.fields().filter(|field| field.required || field.default.is_some());
    needed.map(|field| Ok((field.name.clone(), answer(field, today)?))).collect()
}

/// The default, or the first thing that the input takes.
fn answer(field: &Field, today: Date) -> anyhow::Result<String> {
    if let Some(default) = &field.default {
        return Ok(entry::typed(default));
    }
    Ok(match &field.kind {
        Kind::Text(None) | Kind::LongText(None) => TEXT.to_owned(),
        Kind::Text(Some(pattern)) | Kind::LongText(Some(pattern)) if pattern.fits(TEXT) => TEXT.to_owned(),
        Kind::Text(Some(pattern)) | Kind::LongText(Some(pattern)) => bail!(
            "the demonstration cannot make up the input `{}`, which must look like {}: give it a default",
            field.name,
            pattern.as_str()
        ),
        Kind::Integer(range) => nearest(1, range).to_string(),
        Kind::Number(range) => nearest(1.0, range).to_string(),
        Kind::Date(range) => nearest(today, range).to_string(),
        Kind::Choice(options) => options.first().cloned().unwrap_or_default(),
        Kind::Boolean => "yes".to_owned(),
        Kind::Person => bail!("the demonstration cannot make up the input `{}`: give it a default", field.name),
    })
}

/// This value, or the end of the range that is nearest to it.
fn nearest<T: PartialOrd + Copy>(value: T, range: &Range<T>) -> T {
    match range {
        Range { min: Some(min), .. } if value < *min => *min,
        Range { max: Some(max), .. } if value > *max => *max,
        Range { .. } => value,
    }
}
