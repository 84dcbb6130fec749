//! The names of the data sets.

use rarefy_data::datasets::REGISTRY;
use rarefy_data::{DataError, Options, open};

#[test]
fn names_are_unique_and_found_in_any_case() {
    for (index, entry) in REGISTRY.iter().enumerate() {
        assert!(REGISTRY[..index].iter().all(|other| other.name != entry.name));
        let missing = tempfile::tempdir().unwrap();
        let options = Options { data_dir: Some(missing.path().into()), ..Options::default() };
        match open(&entry.name.to_uppercase().replace('-', "_"), &options) {
            Ok(data) => assert_eq!(data.name(), entry.name),
            Err(error) => assert!(
                matches!(&error, DataError::Missing { dataset, .. } if dataset == entry.name),
                "{error}"
            ),
        }
    }
}

#[test]
fn the_documented_names_are_those_of_the_registry() {
    let page = include_str!("../../../docs/methods.md");
    let section = page.split("\n## ").find(|section| section.starts_with("Data sets\n")).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(documented, REGISTRY.iter().map(|entry| entry.name).collect::<Vec<_>>());
}

#[test]
fn an_unknown_name_lists_the_choices_and_the_nearest() {
    let message = |name| open(name, &Options::default()).map(|_| ()).unwrap_err().to_string();
    let choices = "choices are digits, cifar10, cifar100, fashion-mnist, mnist";
    assert_eq!(message("digit"), format!("unknown data set `digit`; did you mean `digits`?; {choices}"));
    assert_eq!(message("imagenet"), format!("unknown data set `imagenet`; {choices}"));
    assert!(message("cifar-10").contains("did you mean `cifar10`?"));
}
