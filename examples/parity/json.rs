//! Reading JSON with errors that name the key.

use serde_json::Value;
use std::path::Path;

/// The file's content.
pub(crate) fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is no JSON: {error}", path.display()))
}

/// Member `key` of an object.
pub(crate) fn get<'a>(object: &'a Value, key: &str) -> Result<&'a Value, String> {
    object.get(key).ok_or_else(|| format!("no `{key}` in {}", head(object)))
}

/// Element `index` of an array.
pub(crate) fn at(array: &Value, index: usize) -> Result<&Value, String> {
    array.get(index).ok_or_else(|| format!("no element {index} in {}", head(array)))
}

/// A number.
pub(crate) fn number(value: &Value) -> Result<f64, String> {
    value.as_f64().ok_or_else(|| format!("expected a number, found {}", head(value)))
}

/// A whole number.
pub(crate) fn integer(value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("expected a whole number, found {}", head(value)))
}

/// A string.
pub(crate) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("expected a string, found {}", head(value)))
}

/// An array.
pub(crate) fn array(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| format!("expected an array, found {}", head(value)))
}

/// An array of whole numbers.
pub(crate) fn integers(value: &Value) -> Result<Vec<usize>, String> {
    array(value)?.iter().map(|item| integer(item).map(|item| item as usize)).collect()
}

/// An object.
pub(crate) fn object(value: &Value) -> Result<&serde_json::Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("expected an object, found {}", head(value)))
}

fn head(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
