//! Where data sets are kept.

use crate::DataError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Environment variable that names the folder of all data sets.
pub const DATA_DIR_VARIABLE: &str = "RAREFY_DATA";

/// The folder of all data sets: `given` if there is one, else the environment's `RAREFY_DATA`, else the user's data folder:
/// `$XDG_DATA_HOME/rarefy` or `~/.local/share/rarefy`; on macOS `~/Library/Application Support/rarefy`, on Windows
/// `%LOCALAPPDATA%\rarefy`. It need not exist.
///
/// # Errors
/// [`DataError::NoDataDir`] if nothing is given and the environment does not tell where the user's data are.
pub fn data_dir(given: Option<&Path>) -> Result<PathBuf, DataError> {
    choose(given, std::env::consts::OS, |name| std::env::var_os(name)).ok_or(DataError::NoDataDir)
}

fn choose(
    given: Option<&Path>,
    system: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(given) = given {
        return Some(given.to_owned());
    }
    folder(DATA_DIR_VARIABLE).or_else(|| {
        let user = match system {
            "macos" => folder("HOME").map(|home| home.join("Library/Application Support")),
            "windows" => folder("LOCALAPPDATA"),
            // The XDG specification has relative paths ignored.
            _ => folder("XDG_DATA_HOME")
                .filter(|path| path.is_absolute())
                .or_else(|| folder("HOME").map(|home| home.join(".local/share"))),
        };
        user.map(|user| user.join("rarefy"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(given: Option<&str>, system: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        choose(given.map(Path::new), system, variable).map(|path| path.display().to_string())
    }

    #[test]
    fn the_flag_wins_over_the_variable_over_the_users_folder() {
        let all = [("RAREFY_DATA", "/v"), ("HOME", "/h"), ("XDG_DATA_HOME", "/x")];
        assert_eq!(chosen(Some("f"), "linux", &all).unwrap(), "f");
        assert_eq!(chosen(None, "linux", &all).unwrap(), "/v");
        assert_eq!(chosen(None, "linux", &all[1..]).unwrap(), "/x/rarefy");
        assert_eq!(chosen(None, "linux", &all[1..2]).unwrap(), "/h/.local/share/rarefy");
        assert_eq!(chosen(None, "macos", &all[1..]).unwrap(), "/h/Library/Application Support/rarefy");
    }

    #[test]
    fn empty_and_relative_variables_are_as_good_as_none() {
        assert_eq!(
            chosen(None, "linux", &[("RAREFY_DATA", ""), ("HOME", "/h")]).unwrap(),
            "/h/.local/share/rarefy"
        );
        assert_eq!(
            chosen(None, "linux", &[("XDG_DATA_HOME", "x"), ("HOME", "/h")]).unwrap(),
            "/h/.local/share/rarefy"
        );
        assert_eq!(chosen(None, "linux", &[("HOME", "")]), None);
        assert_eq!(chosen(None, "windows", &[("HOME", "/h")]), None);
    }
}
