//! Rows as lines of a file, and back: CSV for spreadsheets, JSON Lines for programs.

use std::io::{self, BufRead, BufReader, Read, Write};

use anyhow::{Context, bail};
use countersign_bot::visible;
use csv::{QuoteStyle, Reader, ReaderBuilder, StringRecord, Terminator, Writer, WriterBuilder};
use serde_json::{Map, Value};

use super::row::{FIELDS, Row};
use crate::deployment::SheetFormat;

/// No line of an export is longer: a trail has at most a few hundred entries, and few of them have comments.
const LINE_MAX_BYTES: u64 = 16 << 20;

/// What lines are written to. Each is written as it comes.
pub(super) enum Sheet<W: Write> {
    Csv(Box<Writer<W>>),
    Jsonl(W),
}

impl<W: Write> Sheet<W> {
    /// Begins a sheet.
    pub(super) fn begin(format: SheetFormat, to: W) -> anyhow::Result<Self> {
        Ok(match format {
            SheetFormat::Jsonl => Self::Jsonl(to),
            SheetFormat::Csv => {
                // In quotes a cell stays one cell, also for a program that takes semicolons for commas.
                let mut writer = WriterBuilder::new();
                writer.quote_style(QuoteStyle::Always).terminator(Terminator::CRLF);
                let mut writer = writer.from_writer(to);
                writer.write_record(FIELDS)?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    /// Writes a line.
    pub(super) fn put(&mut self, row: &Row) -> anyhow::Result<()> {
        let fields = fields(row)?;
        match self {
            Self::Csv(writer) => writer.write_record(fields.values().map(cell))?,
            Self::Jsonl(to) => writeln!(to, "{}", Value::Object(fields))?,
        }
        Ok(())
    }

    /// Hands everything over that was written.
    pub(super) fn end(self) -> anyhow::Result<W> {
        Ok(match self {
            Self::Csv(mut writer) => {
                writer.flush()?;
                writer.into_inner().map_err(|error| io::Error::from(error.error().kind()))?
            }
            Self::Jsonl(mut to) => {
                to.flush()?;
                to
            }
        })
    }
}

/// A row as names and values, in their order.
pub(super) fn fields(row: &Row) -> anyhow::Result<Map<String, Value>> {
    match serde_json::to_value(row)? {
        Value::Object(fields) => Ok(fields),
        _ => bail!("a row has fields"),
    }
}

/// A value as people read it in a spreadsheet: nothing where there is none, and lists as JSON. What would be hidden is
/// shown, and no cell is a formula, whatever people have typed: those programs run cells that begin like one
/// (<https://owasp.org/www-community/attacks/CSV_Injection>), unless an apostrophe stands before it.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => visible::shown(text),
        Value::Array(items) if items.is_empty() => String::new(),
        value => visible::shown(&value.to_string()),
    };
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}

/// A line that was read.
pub(super) enum Line {
    Csv(Map<String, Value>),
    Jsonl { fields: Map<String, Value>, is_as_written: bool },
}

impl Line {
    /// Whether it has this value under this name.
    pub(super) fn says(&self, name: &str, value: &Value) -> bool {
        match self {
            Self::Csv(cells) => cells.get(name).and_then(Value::as_str) == Some(cell(value).as_str()),
            Self::Jsonl { fields, .. } => fields.get(name) == Some(value),
        }
    }

    /// Whether it has the fields of an export and no others, each of them once. One that is there twice could be read as
    /// either of the two.
    pub(super) fn is_as_written(&self) -> bool {
        match self {
            // The columns are those of the first line.
            Self::Csv(_) => true,
            Self::Jsonl { is_as_written, .. } => *is_as_written,
        }
    }

    /// What it has under this name, as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (Self::Csv(fields) | Self::Jsonl { fields, .. }) = self;
        match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            value => Some(value.to_string()),
        }
    }
}

/// What lines are read from, one after the other.
pub(super) enum Lines {
    Csv { reader: Box<Reader<Box<dyn BufRead>>>, names: StringRecord },
    Jsonl(Box<dyn BufRead>),
}

impl Lines {
    /// Finds out by the first character which format it is.
    pub(super) fn of(file: impl Read + 'static) -> anyhow::Result<Self> {
        let mut file: Box<dyn BufRead> = Box::new(BufReader::new(file));
        if file.fill_buf()?.first().is_none_or(|first| *first == b'{') {
            return Ok(Self::Jsonl(file));
        }
        let mut reader = Box::new(ReaderBuilder::new().from_reader(file));
        let names = reader.headers().context("the first line does not name the columns")?.clone();
        if !names.iter().any(|name| name == FIELDS[0]) {
            bail!("it is no export: its first line does not name the column {}", FIELDS[0]);
        }
        if !names.iter().eq(FIELDS) {
            bail!("its first line has other columns than an export, or one of them twice");
        }
        Ok(Self::Csv { reader, names })
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Line>> {
        match self {
            Self::Csv { reader, names } => {
                let mut record = StringRecord::new();
                if !reader.read_record(&mut record)? {
                    return Ok(None);
                }
                let cells = names.iter().zip(&record).map(|(name, cell)| (name.to_owned(), Value::from(cell)));
                Ok(Some(Line::Csv(cells.collect())))
            }
            Self::Jsonl(file) => {
                let mut line = String::new();
                if Read::by_ref(file).take(LINE_MAX_BYTES).read_line(&mut line)? == 0 {
                    return Ok(None);
                }
                let fields: Map<String, Value> = serde_json::from_str(&line).context("a line is no JSON object")?;
                // What was left out by reading it, such as a name that is there twice, is not written again.
                let is_same = serde_json::to_string(&fields)? == line.trim_end();
                let is_as_written = is_same && fields.keys().eq(FIELDS);
                Ok(Some(Line::Jsonl { fields, is_as_written }))
            }
        }
    }
}
