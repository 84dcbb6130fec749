//! `rarefy inspect` and the help.

mod common;

use common::{fails, folder, rarefy, texts};
use serde_json::Value;

fn inspect(args: &[&str]) -> Value {
    let output = rarefy(&folder()).args(["inspect", "--json"]).args(args).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn layer_counts_sum_to_the_exact_budget() {
    for model in ["cifar_resnet_8_4", "cifar_resnet_20", "cifar_resnet_20_24", "cifar_resnet_56"] {
        for init in ["uniform", "er", "erk"] {
            // Networks of few weights cannot give each layer one below some density.
            for density in [0.002, 0.01, 0.05, 0.1, 0.3, 0.5, 0.777, 1.0] {
                if model == "cifar_resnet_8_4" && density < 0.02 {
                    continue;
                }
                let report =
                    inspect(&["--model", model, "--sparse-init", init, "--density", &density.to_string()]);
                let layers = report["layers"].as_array().unwrap();
                let sum = |key: &str| layers.iter().map(|layer| layer[key].as_u64().unwrap()).sum::<u64>();
                let weights = report["weights"].as_u64().unwrap();
                let nnz = report["nnz"].as_u64().unwrap();
                assert_eq!(nnz, (density * weights as f64).round() as u64, "{model} {init} {density}");
                assert_eq!(sum("nnz"), nnz);
                assert_eq!(sum("macs_dense"), report["macs_dense"].as_u64().unwrap());
                assert_eq!(sum("macs_sparse"), report["macs_sparse"].as_u64().unwrap());
                assert_eq!(report["density"].as_f64().unwrap(), nnz as f64 / weights as f64);
                for layer in layers {
                    let len: u64 =
                        layer["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).product();
                    let nnz = layer["nnz"].as_u64().unwrap();
                    assert_eq!(layer["density"].as_f64().unwrap(), nnz as f64 / len as f64);
                    assert!((1..=len).contains(&nnz));
                }
            }
        }
    }
}

#[test]
fn the_report_has_the_documented_keys() {
    let report = inspect(&["--model", "cifar_resnet_20", "--density", "0.1", "--sparse-init", "erk"]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let counts = ["model", "density", "nnz", "weights", "macs_dense", "macs_sparse"];
    let paths = ["effective_nnz", "effective_density", "dead_channels"];
    let flops = ["test_flops", "test_flops_dense", "train_flops", "train_flops_dense"];
    assert_eq!(keys(&report), [&counts[..], &paths, &flops, &["layers"]].concat());
    let layer = &report["layers"][0];
    let counts = ["name", "shape", "density", "nnz", "macs_dense", "macs_sparse"];
    assert_eq!(keys(layer), [&counts[..], &["effective_nnz", "dead_channels", "path"]].concat());
    assert_eq!(report["test_flops"], 2.0 * report["macs_sparse"].as_f64().unwrap());
    assert_eq!(report["train_flops"], 6.0 * report["macs_sparse"].as_f64().unwrap());
    assert_eq!(keys(&layer["path"]), ["forward", "input_grad", "weight_grad"]);
    assert_eq!(report["model"], "cifar_resnet_20");
    assert_eq!(layer["name"], "conv.weight");
    // 3x32x32 images, 10 classes; the published count of multiply-adds.
    assert_eq!(report["weights"], 270_896);
    assert_eq!(report["macs_dense"], 40_813_184);
    assert!(layer["path"]["forward"].as_str().is_some_and(|path| !path.is_empty()));
}

#[test]
fn images_and_classes_follow_the_flags_or_the_data_set() {
    let digits = inspect(&["--model", "cifar_resnet_8", "--data", "digits"]);
    let same = inspect(&["--model", "cifar_resnet_8", "--input", "1x8x8", "--classes", "10"]);
    assert_eq!(digits, same);
    assert_eq!(digits["layers"][0]["shape"], serde_json::json!([16, 1, 3, 3]));
    let wide = inspect(&["--model", "cifar_resnet_8", "--classes", "100"]);
    assert_eq!(wide["layers"].as_array().unwrap().last().unwrap()["shape"], serde_json::json!([100, 64]));
}

#[test]
fn blocks_tile_every_layer_and_stay_within_the_budget() {
    let report = inspect(&["--model", "cifar_resnet_20", "--density", "0.1", "--pattern", "block:4x4"]);
    let (nnz, weights) = (report["nnz"].as_u64().unwrap(), report["weights"].as_u64().unwrap());
    assert!(nnz <= (0.1 * weights as f64).round() as u64);
    assert!(nnz as f64 > 0.0999 * weights as f64);
    for layer in &report["layers"].as_array().unwrap()[1..20] {
        assert_eq!(layer["nnz"].as_u64().unwrap() % 16, 0, "{layer}");
    }
}

#[test]
fn dense_layers_densities_of_a_file_and_published_draws() {
    let layer = |report: &Value, name: &str| {
        let layers = report["layers"].as_array().unwrap();
        layers.iter().find(|layer| layer["name"] == name).unwrap()["density"].as_f64().unwrap()
    };
    let kept = inspect(&["--keep-dense", "first,last,shortcut", "--density", "0.1"]);
    assert_eq!(kept["nnz"], 27_090);
    for name in ["conv.weight", "fc.weight", "blocks.3.shortcut.0.weight", "blocks.6.shortcut.0.weight"] {
        assert_eq!(layer(&kept, name), 1.0, "{name}");
    }
    let pruned = inspect(&["--keep-dense", "^fc", "--budget", "pruned", "--sparse-init", "uniform"]);
    assert_eq!(pruned["nnz"], 640 + 27_026);

    let folder = folder();
    let table = r#"{"*": 0.1, "fc.weight": 0.5, "conv.weight": 1}"#;
    std::fs::write(folder.path().join("table.json"), table).unwrap();
    let output =
        rarefy(&folder).args(["inspect", "--json", "--layer-densities", "table.json"]).assert().success();
    let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((layer(&report, "fc.weight"), layer(&report, "conv.weight")), (0.5, 1.0));
    assert_eq!(report["nnz"], 432 + 320 + 26_982);

    let draws =
        ["1", "2"].map(|seed| inspect(&["--mask-sampling", "bernoulli", "--seed", seed])["nnz"].clone());
    assert_ne!(draws[0], draws[1]);
    // Standard deviation below sqrt(27,090).
    assert!(draws.iter().all(|nnz| nnz.as_u64().unwrap().abs_diff(27_090) < 800), "{draws:?}");
}

#[test]
fn the_pattern_seed_moves_weights_but_changes_no_count() {
    let [one, two] = ["1", "2"].map(|seed| inspect(&["--seed", seed]));
    let counts = |report: &Value| {
        report["layers"].as_array().unwrap().iter().map(|layer| layer["nnz"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(counts(&one), counts(&two));
}

#[test]
fn people_get_a_table_and_the_sums() {
    let output = rarefy(&folder())
        .args(["inspect", "--model", "cifar_resnet_20", "--density", "0.05"])
        .assert()
        .success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1 + 22 + 6);
    assert!(text.contains("13,545 of 270,896 weights"), "{text}");
}

#[test]
fn several_inits_stand_side_by_side() {
    let report = inspect(&["--compare", "erk,er,uniform,balanced", "--density", "0.02", "--method", "rigl"]);
    let inits = report["inits"].as_array().unwrap();
    let names: Vec<&str> = inits.iter().map(|column| column["init"].as_str().unwrap()).collect();
    assert_eq!(names, ["erk", "er", "uniform", "balanced"]);
    for column in inits {
        assert_eq!(column["nnz"], 5418);
        assert_eq!(column["densities"].as_array().unwrap().len(), report["names"].as_array().unwrap().len());
        let effective = column["effective_nnz"].as_u64().unwrap();
        assert!(effective <= 5418 && effective > 2000, "{effective}");
        let train = column["train_flops"].as_f64().unwrap() / column["test_flops"].as_f64().unwrap();
        assert!(train > 3.0, "an update computes the dense gradient: {train}");
    }
    let measured = [
        "--model",
        "cifar_resnet_8_4",
        "--data",
        "digits",
        "--samples-per-class",
        "2",
        "--saliency-rounds",
        "3",
    ];
    let report = inspect(&[&measured[..], &["--compare", "erk,snip,grasp,synflow,magnitude"]].concat());
    let counts: Vec<u64> =
        report["inits"].as_array().unwrap().iter().map(|init| init["nnz"].as_u64().unwrap()).collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    let words = ["`snip` measures the network", "--data digits"];
    common::fails(rarefy(&folder()).args(["inspect", "--sparse-init", "snip"]), 2, &words);
    let thin = inspect(&["--density", "0.002", "--sparse-init", "uniform"]);
    assert!(
        thin["dead_channels"].as_u64().unwrap() > 0 && thin["effective_nnz"].as_u64() < thin["nnz"].as_u64()
    );
    let output = rarefy(&folder()).args(["inspect", "--compare", "erk,uniform"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("layer") && text.lines().next().unwrap().ends_with("erk  uniform"), "{text}");
    common::fails(
        rarefy(&folder()).args(["inspect", "--compare", "erk,unifrom"]),
        2,
        &["`unifrom`", "`uniform`"],
    );
}

#[test]
fn the_help_lists_every_registered_name_and_the_defaults() {
    let output = rarefy(&folder()).args(["train", "--help"]).assert().success();
    // Lines may be wrapped to the terminal's width.
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let inits = rarefy::sparsity::init::REGISTRY.iter().map(|rule| rule.name());
    let data = rarefy::data::datasets::REGISTRY.iter().map(|entry| entry.name);
    let models = rarefy::nn::models::REGISTRY.iter().map(|family| family.pattern);
    let decays = rarefy::nn::optim::DECAYS.iter().map(|decay| decay.name);
    let methods = rarefy::train::Method::all().map(rarefy::train::Method::name);
    let optimizers = rarefy::train::OptimizerName::ALL.iter().map(|(name, _)| *name);
    for name in inits.chain(data).chain(models).chain(decays).chain(methods).chain(optimizers) {
        assert!(text.contains(name), "{name} is missing in: {text}");
    }
    // Every key of the table `dynamic`, which is no flag itself.
    let page = include_str!("../../../docs/formats.md");
    let table =
        page.split("The table `[dynamic]`").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let dynamic: Vec<&str> =
        rows.flat_map(|keys| keys.split(", ").map(|key| key.trim_matches('`'))).collect();
    assert_eq!(dynamic.len(), 20, "{dynamic:?}");
    // The program itself writes down what a run was extended from.
    let no_flags = ["dynamic", "extended_from"];
    for key in rarefy::train::Recipe::keys().iter().chain(&dynamic).filter(|key| !no_flags.contains(key)) {
        assert!(text.contains(&format!("--{}", key.replace('_', "-"))), "no flag for {key}");
    }
    let defaults = rarefy::train::Recipe::default();
    assert!(text.contains(&format!("[default: {}]", defaults.model)));
    assert!(text.contains(&format!("[default: {}]", defaults.density)));
}

#[test]
fn a_chart_has_a_line_for_every_init_and_a_name_for_every_layer() {
    let folder = folder();
    let draw = |args: &[&str]| {
        let model = ["inspect", "--json", "--model", "cifar_resnet_20", "--density", "0.1", "--svg", "a.svg"];
        let output = rarefy(&folder).args(model).args(args).assert().success();
        let report: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        (texts(&std::fs::read(folder.path().join("a.svg")).unwrap()), report)
    };
    let (one, report) = draw(&["--sparse-init", "erk"]);
    let layers: Vec<&str> =
        report["layers"].as_array().unwrap().iter().map(|layer| layer["name"].as_str().unwrap()).collect();
    let title = "cifar_resnet_20 at density 0.1: density of each layer";
    for text in layers.iter().chain(&["erk", title]) {
        assert_eq!(one.iter().filter(|other| other == text).count(), 1, "{text}: {one:?}");
    }
    // Logarithms, so that thin layers can be told apart too.
    for text in ["0.05", "0.1", "0.2", "0.5", "1"] {
        assert!(one.iter().any(|other| other == text), "{text}: {one:?}");
    }
    assert!(!one.contains(&"0.3".to_owned()), "{one:?}");
    // The file is replaced as a whole.
    let (three, _) = draw(&["--compare", "erk,er,uniform"]);
    assert!(
        ["erk", "er", "uniform", title].iter().all(|text| three.contains(&(*text).to_owned())),
        "{three:?}"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no temporary file stays");
    let nowhere = ["inspect", "--model", "cifar_resnet_8", "--svg", "none/a.svg"];
    common::fails(rarefy(&folder).args(nowhere), 1, &["none/a.svg"]);
}

#[test]
fn tables_fit_a_screen_of_80_columns_unless_kernels_are_asked_for() {
    let folder = folder();
    let widest = |args: &[&str]| {
        let output = rarefy(&folder).arg("inspect").args(args).assert().success().get_output().clone();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("on a path: leads from image to logit"), "{text}");
        text.lines().map(|line| line.chars().count()).max().unwrap()
    };
    for model in ["cifar_resnet_8", "cifar_resnet_110", "cifar_resnet_20_128", "vgg19"] {
        assert!(widest(&["-m", model, "-d", "0.05"]) <= 80, "{model}");
    }
    assert!(widest(&["-m", "cifar_resnet_8", "--kernels"]) > 80);
}

#[test]
fn saliencies_of_the_weights_alone_need_no_data() {
    let folder = folder();
    for init in ["synflow", "magnitude"] {
        let args = ["inspect", "-m", "cifar_resnet_8_4", "--sparse-init", init];
        rarefy(&folder).args(args).assert().success();
    }
    for init in ["snip", "grasp"] {
        let args = ["inspect", "-m", "cifar_resnet_8_4", "--sparse-init", init];
        fails(rarefy(&folder).args(args), 2, &[init, "--data digits"]);
    }
}
