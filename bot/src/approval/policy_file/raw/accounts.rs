//! The accounts as written.

use toml_span::de_helpers::TableHelper;

use super::{Name, NotEmpty, Read};

pub(in super::super) struct RawAccount {
    pub(in super::super) name: Name,
    pub(in super::super) regions: Vec<Name>,
    pub(in super::super) role: Option<Name>,
    pub(in super::super) external_id: Option<Name>,
}

impl Read for RawAccount {
    fn read(table: &mut TableHelper<'_>) -> Option<Self> {
        let name = table.required("name");
        let regions = table.required::<NotEmpty<Name>>("regions");
        let role = table.optional("role");
        let external_id = table.optional("external_id");
        Some(Self { name: name.ok()?, regions: regions.ok()?.0, role, external_id })
    }
}
