//! One file a command.

pub(crate) mod bench;
pub(crate) mod inspect;
pub(crate) mod train;
