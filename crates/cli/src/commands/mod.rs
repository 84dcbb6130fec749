//! One file a command.

pub(crate) mod bench;
pub(crate) mod data;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod gradient_flow;
pub(crate) mod imp;
pub(crate) mod inspect;
pub(crate) mod prune;
pub(crate) mod study;
pub(crate) mod train;
