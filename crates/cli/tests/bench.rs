//! `rarefy bench`: what it prints; never how fast it is.

mod common;

use common::{fails, folder, rarefy};
use serde_json::Value;

const STEP: [&str; 9] =
    ["step", "--model", "cifar_resnet_8_4", "--batch-size", "8", "--threads", "1", "--steps", "3"];

fn text(args: &[&str]) -> String {
    let output = rarefy(&folder()).arg("bench").args(args).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&text(&[args, &["--json"]].concat())).unwrap()
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[test]
fn a_step_is_timed_in_training_and_in_evaluation() {
    for eval in [&[][..], &["--eval"]] {
        let report = json(&[&STEP, eval].concat());
        let documented = ["median_ms", "min_ms", "images_per_sec", "peak_rss_mb", "threads", "isa", "steps"];
        assert_eq!(keys(&report), documented);
        let (median, least) = (number(&report, "median_ms"), number(&report, "min_ms"));
        assert!(median >= least && least > 0.0);
        assert!((number(&report, "images_per_sec") - 8000.0 / median).abs() < 1e-6 * 8000.0 / median);
        assert_eq!((number(&report, "threads"), number(&report, "steps")), (1.0, 3.0));
    }
    assert!(text(&STEP).contains("images/s"));
}

#[test]
fn a_profile_accounts_for_the_step_phase_by_phase_and_layer_by_layer() {
    let report = json(&[&STEP[..], &["--profile"]].concat());
    let profile = &report["profile"];
    assert_eq!(keys(profile), ["peak_gflops", "read_gb_s", "phases", "layers"]);
    assert!(number(profile, "peak_gflops") > 0.0 && number(profile, "read_gb_s") > 0.0);
    let rows = |key: &str| profile[key].as_array().unwrap();
    let phases: Vec<_> = rows("phases").iter().map(|row| row["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["images", "forward", "loss", "backward", "check", "update", "pack", "total"]);
    let ms = |phase: &str| {
        let row = rows("phases").iter().find(|row| row["phase"] == phase).unwrap();
        number(row, "ms")
    };
    let sum: f64 = phases.iter().filter(|phase| **phase != "total").map(|phase| ms(phase)).sum();
    assert!((sum - ms("total")).abs() < 1e-6 * sum);
    // cifar_resnet_8: seven 3x3 convolutions, two shortcuts, the classifier.
    for phase in ["forward", "backward"] {
        let layers = || rows("layers").iter().filter(|row| row["phase"] == phase);
        assert_eq!(layers().filter(|row| number(row, "gflops") > 0.0).count(), 10);
        assert!((layers().map(|row| number(row, "ms")).sum::<f64>() - ms(phase)).abs() < 1e-6 * sum);
    }
    let row = &rows("layers")[0];
    let documented = ["phase", "name", "ms", "gflops", "gb_s", "floor_ms", "percent_of_floor", "parts"];
    assert_eq!(keys(row), documented);
    assert_eq!(row["name"], "conv");
    assert_eq!(keys(&row["parts"][0]), ["part", "ms"]);
    let evaluated = json(&[&STEP[..], &["--profile", "--eval"]].concat());
    assert!(evaluated["profile"]["phases"].as_array().unwrap().iter().all(|row| row["phase"] != "backward"));
    let people = text(&[&STEP[..], &["--profile"]].concat());
    assert!(
        people.contains("% of floor") && people.contains("blocks.0.conv1") && people.contains("images/s")
    );
}

const LAYER: [&str; 15] = [
    "layer",
    "--in",
    "8",
    "--out",
    "12",
    "--kernel",
    "3",
    "--size",
    "8",
    "--batch-size",
    "5",
    "--threads",
    "2",
    "--steps",
    "2",
];

#[test]
fn a_layer_is_timed_in_every_direction_beside_the_peak_of_the_same_run() {
    for (flags, nnz, stride) in [
        (&["--density", "0.25"][..], 216, 1),
        (&["--density", "0.25", "--pattern", "block:4x4", "--stride", "2"], 208, 2),
    ] {
        let report = json(&[&LAYER, flags].concat());
        let documented = [
            "shape",
            "input",
            "stride",
            "batch_size",
            "nnz",
            "density",
            "threads",
            "isa",
            "steps",
            "peak_gflops",
            "forward",
            "input_grad",
            "weight_grad",
            "backward",
            "total",
            "peak_rss_mb",
        ];
        assert_eq!(keys(&report), documented);
        assert_eq!((&report["shape"], &report["input"]), (&[12, 8, 3, 3].into(), &[8, 8, 8].into()));
        assert_eq!((number(&report, "nnz"), number(&report, "stride")), (f64::from(nnz), f64::from(stride)));
        let pixels = 5.0 * (8.0 / f64::from(stride)) * (8.0 / f64::from(stride));
        for (direction, passes) in
            [("forward", 1.0), ("input_grad", 1.0), ("weight_grad", 1.0), ("backward", 2.0), ("total", 3.0)]
        {
            let row = &report[direction];
            let ms = number(row, "median_ms");
            assert!(ms > 0.0 && number(row, "min_ms") <= ms, "{row}");
            let gflops = passes * 2.0 * f64::from(nnz) * pixels / ms / 1e6;
            let near = |found: f64, expected: f64| {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}")
            };
            near(number(row, "gflops"), gflops);
            near(number(row, "dense_gflops"), gflops * 864.0 / f64::from(nnz));
            near(number(row, "percent_of_peak"), 100.0 * gflops / number(&report, "peak_gflops"));
        }
        let kernel = report["forward"]["kernel"].as_str().unwrap();
        assert!(kernel.starts_with(if flags.len() > 2 { "block" } else { "sparse" }), "{kernel}");
    }
    let people = text(&LAYER);
    assert!(people.contains("weight gradient") && people.contains("% of peak"), "{people}");
}

#[test]
fn layers_that_no_kernel_or_machine_can_run_are_refused() {
    let refused = |flags: &[&str], words: &[&str]| {
        fails(rarefy(&folder()).args(["bench", "layer"]).args(flags), 2, words);
    };
    refused(&["--kernel", "4"], &["odd kernel", "found kernel 4"]);
    refused(&["--kernel", "65"], &["--kernel", "1..=63"]);
    refused(&["--stride", "3"], &["--stride"]);
    refused(&["--in", "0"], &["--in"]);
    refused(&["--density", "0"], &["--density"]);
    refused(&["--density", "0.000001"], &["layer"]);
    refused(&["--pattern", "block:0x4"], &["--pattern"]);
    refused(&["--threads", "0"], &["--threads"]);
    refused(&["--size", "65536", "--batch-size", "1000000"], &["65536x65536", "--batch-size"]);
    refused(
        &["--in", "65536", "--out", "65536", "--kernel", "1", "--size", "1", "--batch-size", "1"],
        &["65536"],
    );
}

#[test]
fn batches_are_timed_alone_and_beside_the_steps_they_feed() {
    let data =
        ["data", "--data", "digits", "--model", "cifar_resnet_8_4", "--batch-size", "100", "--threads"];
    let few = ["1", "--batches", "30", "--steps", "12"];
    let report = json(&[&data[..], &few].concat());
    let documented = [
        "data",
        "model",
        "batch_size",
        "batch_ms",
        "images_per_sec",
        "step_ms",
        "fed_step_ms",
        "wait_ms",
        "share",
        "threads",
        "isa",
    ];
    assert_eq!(keys(&report), documented);
    let [batch, step, fed, wait] =
        ["batch_ms", "step_ms", "fed_step_ms", "wait_ms"].map(|key| number(&report, key));
    assert!(batch > 0.0 && step > 0.0 && fed > wait);
    assert!((number(&report, "share") - batch / step).abs() < 1e-9);
    assert!((number(&report, "images_per_sec") * batch / 1e5 - 1.0).abs() < 1e-9);
    assert!(text(&[&data[..], &few].concat()).contains("% of a step"));
    let refused = |flags: &[&str], code: i32, words: &[&str]| {
        fails(rarefy(&folder()).args(["bench", "data"]).args(flags), code, words);
    };
    refused(&["--data", "digits", "--batch-size", "500"], 2, &["1257 training images", "--batch-size"]);
    refused(&["--data-dir", "none"], 3, &["`rarefy data fetch cifar10`"]);
    refused(&["--data", "digit"], 2, &["`digits`"]);
}

#[test]
fn every_instance_of_the_products_is_timed_and_what_the_engine_takes_is_marked() {
    const KERNELS: [&str; 11] = [
        "kernels",
        "--in",
        "8",
        "--out",
        "8",
        "--size",
        "6",
        "--batch-size",
        "3",
        "--steps=2",
        "--threads=1",
    ];
    for (flags, picked) in [
        (&["--density", "0.3"][..], "sparse 1x"),
        (&["--density", "0.3", "--pattern", "block:4x4"], "block 4x"),
        (&["--density", "0.9"], "dense 4x"),
    ] {
        let report = json(&[&KERNELS, flags].concat());
        let instances = report["instances"].as_array().unwrap();
        let isas = rarefy::kernels::Isa::available();
        // One output a tile, two, four, and a dense layer.
        assert_eq!(instances.len(), 4 * isas.len());
        let of = |instance: &Value, key: &str| instance[key]["kernel"].as_str().unwrap().to_owned();
        let marked: Vec<_> = instances.iter().filter(|instance| instance["picked"] == true).collect();
        assert!(!marked.is_empty(), "nothing is marked for {flags:?}");
        for instance in marked {
            assert_eq!(instance["isa"].as_str(), isas.first().map(|isa| isa.name()));
            assert!(of(instance, "forward").starts_with(picked), "{} for {flags:?}", of(instance, "forward"));
        }
        for direction in ["forward", "input_grad", "weight_grad"] {
            assert!(instances.iter().all(|instance| number(&instance[direction], "gflops") > 0.0));
        }
    }
    assert!(text(&KERNELS).contains("GFLOP/s"));
    fails(rarefy(&folder()).args(["bench", "kernels", "--kernel", "4"]), 2, &["kernel"]);
}
