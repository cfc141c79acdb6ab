//! Keeping people apart: who has approved in the same execution under another policy does not count here.

use std::collections::BTreeMap;

use crate::approval::ids::PersonId;
use crate::approval::record::Approval;

impl Approval {
    /// Takes in who has approved elsewhere in the meantime, and under which policy. Nobody who is apart comes back.
    pub fn keep_apart(&mut self, approved: &BTreeMap<PersonId, String>) {
        let act_here = approved.iter().filter(|(person, _)| self.rules.may_act(person));
        let found: Vec<_> = act_here.map(|(person, policy)| (person.clone(), policy.clone())).collect();
        self.apart.extend(found);
    }
}
