//! The recipes that come with the project.

use rarefy_core::{Density, Extent};
use rarefy_train::{LrScheduleName, Recipe, build_model, draw_patterns};
use std::path::{Path, PathBuf};

fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes")
}

/// A study holds several recipes; `rarefy study` runs it.
fn is_study(path: &Path) -> bool {
    std::fs::read_to_string(path).unwrap().contains("[[networks]]")
}

#[test]
fn every_study_says_how_it_is_run_and_its_keys_are_those_of_recipes() {
    let studies: Vec<PathBuf> = all(&folder()).into_iter().filter(|path| is_study(path)).collect();
    assert!(!studies.is_empty());
    for path in studies {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        assert!(text.contains(&format!("rarefy study recipes/{name}")), "{name}");
        let study: toml::Table = toml::from_str(&text).unwrap();
        for network in study["networks"].as_array().unwrap() {
            let mut keys = study["base"].as_table().unwrap().clone();
            keys.extend(network.as_table().unwrap().clone());
            keys.remove("name").unwrap();
            Recipe::from_toml(&toml::to_string(&keys).unwrap()).unwrap().check().unwrap();
        }
    }
}

#[test]
fn every_recipe_can_be_run_and_says_how() {
    let recipes = all(&folder());
    assert!(recipes.len() >= 2, "{recipes:?}");
    for path in recipes.into_iter().filter(|path| !is_study(path)) {
        let recipe = Recipe::load(&path).unwrap();
        let classes = if recipe.data == "cifar100" { 100 } else { 10 };
        let images = Extent { channels: 3, height: 32, width: 32 };
        let graph = build_model(&recipe.model, images, classes).unwrap();
        draw_patterns(&graph, &recipe).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(folder()).unwrap().display().to_string();
        let head: String = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(head.contains(&format!("rarefy train --recipe recipes/{name}")), "{name}: {head}");
        assert!(head.contains("Expected accuracy and time"), "{name}: {head}");
    }
}

#[test]
fn the_cifar_recipes_are_the_published_settings() {
    for (name, epochs, milestones) in
        [("cifar10-quick.toml", 6, [3, 4]), ("paper/cifar_resnet_20-erk-0.05.toml", 160, [80, 120])]
    {
        let recipe = Recipe::load(&folder().join(name)).unwrap();
        let published = Recipe {
            data: "cifar10".to_owned(),
            model: "cifar_resnet_20".to_owned(),
            density: Density::new(0.05).unwrap(),
            epochs,
            batch_size: 128,
            lr_schedule: LrScheduleName::MULTISTEP,
            seed: 17,
            ..Recipe::default()
        };
        assert_eq!(recipe, published, "{name}");
        assert_eq!(recipe.milestones(), milestones);
    }
}

#[test]
fn every_record_can_be_run_again_anywhere_and_has_its_epochs() {
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../records");
    let recipes = all(&records);
    assert!(recipes.len() >= 3, "{recipes:?}");
    for path in recipes {
        let recipe = Recipe::load(&path).unwrap();
        assert_eq!((&recipe.data_dir, &recipe.out), (&None, &None), "{}", path.display());
        let metrics = std::fs::read_to_string(path.with_file_name("metrics.jsonl")).unwrap();
        assert_eq!(metrics.lines().count() as u32, recipe.total_epochs(), "{}", path.display());
        assert!(path.with_file_name("summary.json").is_file(), "{}", path.display());
        let mut above = path.ancestors().take_while(|folder| *folder != records);
        assert!(
            above.any(|folder| folder.join("README.md").is_file()),
            "{} is not explained",
            path.display()
        );
    }
}
