//! All parameters of a network in one place.

mod init;
mod store;

pub use init::initialize;
pub use store::{Column, ParamStore, StoreError, View};
