//! Laws of every data set known by name.

use rarefy_data::datasets::REGISTRY;
use rarefy_data::{DataError, Draw, Split, open};

#[test]
fn every_data_set_keeps_the_laws() {
    for entry in REGISTRY {
        let data = (entry.open)().unwrap();
        let (len, classes) = (data.extent().len(), data.classes() as u32);
        assert_eq!(data.name(), entry.name);
        assert!(len > 0 && classes > 1 && !entry.about.is_empty());
        let normalization = data.normalization();
        assert_eq!(normalization.mean.len(), data.extent().channels);
        assert_eq!(normalization.std.len(), data.extent().channels);
        for split in Split::ALL {
            let samples = data.len(split) as u32;
            assert_eq!(data.is_empty(split), samples == 0);
            for index in (0..samples).step_by(1 + samples as usize / 100) {
                for draw in [None, Some(Draw { seed: 1, epoch: 2 })] {
                    let (mut image, mut again) = (vec![f32::NAN; len], vec![7.0; len]);
                    let label = data.sample(split, index, draw, &mut image).unwrap();
                    assert!(label < classes);
                    assert!(image.iter().all(|input| input.is_finite()), "every number is written");
                    assert_eq!(data.sample(split, index, draw, &mut again).unwrap(), label);
                    assert_eq!(image, again);
                }
            }
            let past = data.sample(split, samples, None, &mut vec![0.0; len]);
            assert!(matches!(past, Err(DataError::Index { .. })), "{past:?}");
            for wrong in [0, len - 1, len + 1] {
                let refused = data.sample(split, 0, None, &mut vec![0.0; wrong]);
                assert!(matches!(refused, Err(DataError::Buffer { .. })), "{refused:?}");
            }
        }
    }
}

#[test]
fn names_are_unique_and_found_in_any_case() {
    for (index, entry) in REGISTRY.iter().enumerate() {
        assert!(REGISTRY[..index].iter().all(|other| other.name != entry.name));
        assert_eq!(open(&entry.name.to_uppercase()).unwrap().name(), entry.name);
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
    let message = |name| open(name).map(|_| ()).unwrap_err().to_string();
    assert_eq!(message("digit"), "unknown data set `digit`; did you mean `digits`?; choices are digits");
    assert_eq!(message("imagenet"), "unknown data set `imagenet`; choices are digits");
}
