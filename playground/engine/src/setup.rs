//! What a machine is loaded with beside its definition.

use std::collections::{BTreeMap, BTreeSet};

use crate::mocks::TestCase;

/// What a machine is loaded with beside its definition.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// What each `${Name}` of the definition is replaced by, as SAM does on deployment.
    pub substitutions: BTreeMap<String, String>,
    /// What stands in for states.
    pub mocks: TestCase,
    /// The functions that will be registered, and the queues, which are functions too. A state that calls another by name
    /// needs a mock; without this, such a state fails when it runs.
    pub functions: Option<BTreeSet<String>>,
}

impl Setup {
    pub(crate) fn knows_function(&self, name: &str) -> bool {
        self.functions.as_ref().is_none_or(|functions| functions.contains(name))
    }
}
