//! Recipes as TOML text.

use super::{Recipe, RecipeError};
use crate::names::UnknownName;
use rarefy_formats::{FormatError, read_text};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor, value::Error as Stop};
use std::path::Path;

impl Recipe {
    /// Names of all keys.
    pub fn keys() -> &'static [&'static str] {
        let mut keys = &[][..];
        // The derived `deserialize` hands its field names to the deserializer, which keeps them and stops.
        let _ = Self::deserialize(FieldNames(&mut keys));
        keys
    }

    /// Reads a recipe and checks its ranges. Keys left out get the default of the recipe's data set.
    pub fn from_toml(text: &str) -> Result<Self, RecipeError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| syntax(&error))?;
        if let Some(found) = table.keys().find(|key| !Self::keys().contains(&key.as_str())) {
            let choices = Self::keys().iter().map(|key| (*key).to_owned()).collect();
            return Err(RecipeError::Key(UnknownName { what: "recipe key", found: found.clone(), choices }));
        }
        // Read as it stands first: its errors tell the line.
        let given: Self = toml::from_str(text).map_err(|error| syntax(&error))?;
        let mut all = toml::Table::try_from(Self::for_data(&given.data))
            .map_err(|error| RecipeError::Syntax { problem: error.to_string() })?;
        all.extend(table);
        let recipe: Self = all.try_into().map_err(|error| syntax(&error))?;
        recipe.check()?;
        Ok(recipe)
    }

    /// Reads a recipe file.
    pub fn load(path: &Path) -> Result<Self, RecipeError> {
        let text = read(path)?;
        Self::from_toml(&text)
            .map_err(|source| RecipeError::InFile { path: path.to_owned(), source: Box::new(source) })
    }

    /// The recipe as TOML; [`Recipe::from_toml`] reads it back unchanged but for `out`.
    pub fn to_toml(&self) -> Result<String, RecipeError> {
        toml::to_string(self).map_err(|error| RecipeError::Syntax { problem: error.to_string() })
    }
}

/// The text of a file that a recipe is, or names.
pub(super) fn read(path: &Path) -> Result<String, RecipeError> {
    read_text(path).map_err(|error| match error {
        FormatError::Io { path, source, .. } => RecipeError::Read { path, reason: source.to_string() },
        other => {
            let problem = other.kind().to_string();
            RecipeError::InFile { path: path.to_owned(), source: Box::new(RecipeError::Syntax { problem }) }
        }
    })
}

/// The parser's words without the trailing line break.
fn syntax(error: &toml::de::Error) -> RecipeError {
    RecipeError::Syntax { problem: error.to_string().trim_end().to_owned() }
}

struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Stop;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Stop> {
        *self.0 = fields;
        Err(Stop::custom("names collected"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        Err(Stop::custom("not a struct"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
