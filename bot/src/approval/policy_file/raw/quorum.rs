//! Who must approve, as written: keys and types are right, names are not looked up yet.

use toml_span::de_helpers::TableHelper;
use toml_span::value::{Value, ValueInner};
use toml_span::{Span, Spanned};

use super::super::problem;
use super::{Name, Read, read};

/// Who must approve: so many of these people, or so many of whom for each.
pub(in super::super) enum RawQuorum {
    Of { approvers: Spanned<Vec<Name>>, required: Option<Spanned<usize>> },
    Seats(Spanned<Vec<RawSeats>>),
}

pub(in super::super) struct RawSeats {
    pub(in super::super) from: Vec<Name>,
    pub(in super::super) count: usize,
    pub(in super::super) span: Span,
}

impl RawQuorum {
    pub(super) fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let Some((_, mut value)) = table.take("seats") else {
            let approvers = table.required_s("approvers");
            let required = table.optional_s("required");
            return Some(Self::Of { approvers: approvers.ok()?, required });
        };
        for (key, why) in [("approvers", "are those of the seats"), ("required", "is the number of the seats")] {
            if let Some((_, value)) = table.take(key) {
                table.errors.push(problem(format!("{key} {why}: leave it out, or seats"), value.span));
            }
        }
        let span = value.span;
        let ValueInner::Array(items) = value.take() else {
            let looks = "seats is a list such as [{ from = [\"security\"], count = 1 }]";
            table.errors.push(problem(looks, span));
            return None;
        };
        let read_one = |mut item: Value<'_>| {
            let span = item.span;
            let seats: Option<RawSeats> = read(&mut item, &mut table.errors);
            seats.map(|seats| RawSeats { span, ..seats })
        };
        let seats: Vec<Option<RawSeats>> = items.into_iter().map(read_one).collect();
        Some(Self::Seats(Spanned { value: seats.into_iter().collect::<Option<_>>()?, span }))
    }

    pub(in super::super) fn span(&self) -> Span {
        match self {
            Self::Of { approvers, .. } => approvers.span,
            Self::Seats(seats) => seats.span,
        }
    }
}

impl Read for RawSeats {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let from = table.required("from");
        let count = table.optional("count").unwrap_or(1);
        Some(Self { from: from.ok()?, count, span: Span::default() })
    }
}
