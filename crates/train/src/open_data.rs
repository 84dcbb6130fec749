//! Data sets that are open: recipes of the same data share them.

use crate::recipe::Recipe;
use rarefy_data::{DataError, Dataset};
use std::sync::Arc;

/// Opens each data set once.
#[derive(Default)]
pub struct OpenData(Vec<(Recipe, Arc<dyn Dataset>)>);

impl OpenData {
    /// Nothing is open yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The data set that `recipe` names, split and normalized as it says.
    ///
    /// # Errors
    /// As [`Recipe::open_data`].
    pub fn of(&mut self, recipe: &Recipe) -> Result<Arc<dyn Dataset>, DataError> {
        if let Some((_, dataset)) = self.0.iter().find(|(other, _)| other.has_data_of(recipe)) {
            return Ok(Arc::clone(dataset));
        }
        let dataset = recipe.open_data()?;
        self.0.push((recipe.clone(), Arc::clone(&dataset)));
        Ok(dataset)
    }
}
