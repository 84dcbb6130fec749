//! All parameters of a network in one place.

mod edit;
mod init;
mod store;

pub use edit::{LayerEdit, StoreEdit, StoreEditError};
pub use init::initialize;
pub use store::{Column, ParamStore, StoreError, View};
