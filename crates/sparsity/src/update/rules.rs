//! What decides an update.

use crate::{Columns, drop, grow, redistribution};

/// The rules of dynamic training.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What goes.
    pub drop: &'static dyn drop::Rule,
    /// Constants of the drop rules.
    pub settings: drop::Settings,
    /// Among which weights the drop rule looks.
    pub scope: drop::Scope,
    /// Where growth happens.
    pub grow: &'static dyn grow::Rule,
    /// How layers share growth.
    pub redistribution: &'static dyn redistribution::Rule,
}

impl Rules {
    /// The columns that the rules read besides values.
    pub fn columns(&self) -> Columns {
        self.drop.columns().union(self.redistribution.columns())
    }
}
