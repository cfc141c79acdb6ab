//! Every change that an approval goes through. Nothing else assigns a field of the record, so whoever wants to know how
//! one comes about reads it here.

pub mod apart;
pub mod break_glass;
pub mod call_again;
pub mod cancel;
pub mod claim;
pub mod decide;
pub mod deliver;
pub mod events;
pub mod follow;
pub mod journal;
pub mod raise;
pub mod reach;
pub mod settle;
pub mod stand_in;
pub mod supersede;
pub mod truth;
