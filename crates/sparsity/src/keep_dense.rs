//! Layers that stay dense whatever the init says.

use crate::{Layer, SparsityError};
use rarefy_core::suggest;
use regex_lite::Regex;
use std::fmt;
use std::str::FromStr;

const WORDS: [&str; 3] = ["first", "last", "shortcut"];

/// Which layers stay dense: a list, separated by commas, of `first` and `last` (in forward order), `shortcut` (layers whose name
/// has a part `shortcut` or `downsample`) and regular expressions that are looked for in layer names.
#[derive(Clone, Debug, Default)]
pub struct KeepDense {
    text: String,
    parts: Vec<(String, Part)>,
}

#[derive(Clone, Debug)]
enum Part {
    First,
    Last,
    Shortcut,
    Named(Regex),
}

/// A text that does not say which layers stay dense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "layers that stay dense are `first`, `last`, `shortcut` or regular expressions over layer names, separated by commas; \
     found `{part}`: {problem}"
)]
pub struct KeepDenseError {
    /// The part that is wrong.
    pub part: String,
    /// What is wrong with it.
    pub problem: String,
}

impl KeepDense {
    /// No layer.
    pub const NONE: Self = Self { text: String::new(), parts: Vec::new() };

    /// Whether no layer is named.
    pub fn is_none(&self) -> bool {
        self.parts.is_empty()
    }

    /// For every layer whether it stays dense.
    ///
    /// # Errors
    /// A part that names no layer.
    pub fn select(&self, layers: &[Layer]) -> Result<Vec<bool>, SparsityError> {
        let mut selected = vec![false; layers.len()];
        for (text, part) in &self.parts {
            let mut any = false;
            for (index, (layer, selected)) in layers.iter().zip(&mut selected).enumerate() {
                let named = match part {
                    Part::First => index == 0,
                    Part::Last => index + 1 == layers.len(),
                    Part::Shortcut => {
                        layer.name.split('.').any(|part| matches!(part, "shortcut" | "downsample"))
                    }
                    Part::Named(regex) => regex.is_match(&layer.name),
                };
                any |= named;
                *selected |= named;
            }
            if !any {
                return Err(SparsityError::NoSuchLayer {
                    what: "--keep-dense",
                    name: text.clone(),
                    suggestion: suggest(text, WORDS).map(str::to_owned),
                });
            }
        }
        Ok(selected)
    }
}

impl FromStr for KeepDense {
    type Err = KeepDenseError;
    fn from_str(text: &str) -> Result<Self, KeepDenseError> {
        let parse = |part: &str| {
            let kind = match part {
                "first" => Part::First,
                "last" => Part::Last,
                "shortcut" => Part::Shortcut,
                "" => return Err(KeepDenseError { part: text.into(), problem: "an empty part".into() }),
                regex => Part::Named(
                    Regex::new(regex)
                        .map_err(|error| KeepDenseError { part: regex.into(), problem: error.to_string() })?,
                ),
            };
            Ok((part.to_owned(), kind))
        };
        let parts = text.split(',').map(|part| parse(part.trim())).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), parts })
    }
}

impl fmt::Display for KeepDense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for KeepDense {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
