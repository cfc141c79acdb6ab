//! What every case on emulated AWS stands on: the emulators as child processes, and how to speak to them.

pub(crate) mod actions;
pub(crate) mod agreement;
pub(crate) mod calculation;
pub(crate) mod chats;
pub(crate) mod deployable;
pub(crate) mod emulators;
pub(crate) mod history;
pub(crate) mod listener;
pub(crate) mod mail;
pub(crate) mod mapping;
pub(crate) mod ministack;
pub(crate) mod moto;
pub(crate) mod operator;
pub(crate) mod proxy;
pub(crate) mod router;
pub(crate) mod sam;
pub(crate) mod sdk;
pub(crate) mod stack;
pub(crate) mod step_functions;
pub(crate) mod tools;
pub(crate) mod turns;
