//! Learning-rate schedules against golden values and their definitions.

use rarefy_nn::optim::{DECAYS, LrSchedule, half_and_three_quarters};
use serde_json::Value;

const GOLDEN: &str = include_str!("../../../tests/golden/lr_schedules.json");

fn golden(kind: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(GOLDEN).expect("JSON");
    file[kind].as_array().expect("a list of cases").clone()
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap_or_else(|| panic!("no number `{key}`"))
}

fn integers(case: &Value, key: &str) -> Vec<usize> {
    let list = case[key].as_array().expect("a list");
    list.iter().map(|value| value.as_u64().expect("an integer") as usize).collect()
}

fn assert_rates(schedule: &LrSchedule, case: &Value) {
    let rates = case["lr_of_epoch"].as_array().expect("a list");
    assert!(!rates.is_empty());
    for (epoch, expected) in rates.iter().enumerate() {
        let (found, expected) =
            (schedule.lr(number(case, "base_lr"), epoch), expected.as_f64().expect("a rate"));
        assert!((found - expected).abs() <= 1e-12 * expected, "epoch {epoch}: {found} is not {expected}");
    }
}

#[test]
fn multistep_matches_the_golden_rates() {
    for case in golden("multistep") {
        let (epochs, multiplier) = (number(&case, "epochs") as usize, number(&case, "multiplier") as usize);
        let mut schedule = LrSchedule::new("multistep", epochs * multiplier).expect("a known name");
        schedule.gamma = number(&case, "gamma");
        schedule.milestones = half_and_three_quarters(epochs, multiplier).to_vec();
        assert_eq!(schedule.milestones, integers(&case, "milestones"));
        assert_rates(&schedule, &case);
    }
}

#[test]
fn warm_up_then_multistep_matches_the_golden_rates() {
    for case in golden("warmup_step") {
        let mut schedule =
            LrSchedule::new("multistep", number(&case, "epochs") as usize).expect("a known name");
        schedule.warmup_epochs = number(&case, "warmup") as usize;
        schedule.milestones = integers(&case, "milestones");
        schedule.gamma = number(&case, "gamma");
        assert_rates(&schedule, &case);
    }
}

#[test]
fn cosine_falls_from_the_base_rate_after_warm_up_through_half_of_it_towards_zero() {
    let mut schedule = LrSchedule::new("cosine", 25).expect("a known name");
    schedule.warmup_epochs = 5;
    let rates: Vec<f64> = (0..=25).map(|epoch| schedule.lr(0.4, epoch)).collect();
    let near = |found: f64, expected: f64| (found - expected).abs() < 1e-15;
    assert!(near(rates[0], 0.4 / 6.0) && near(rates[4], 0.4 * 5.0 / 6.0), "{rates:?}");
    assert!(near(rates[5], 0.4) && near(rates[15], 0.2) && near(rates[25], 0.0), "{rates:?}");
    assert!(rates[5..].windows(2).all(|pair| pair[1] < pair[0]), "{rates:?}");
}

#[test]
fn constant_never_falls() {
    let schedule = LrSchedule::new("constant", 10).expect("a known name");
    assert!((0..20).all(|epoch| schedule.lr(0.3, epoch) == 0.3));
}

#[test]
fn every_decay_gives_a_rate_between_zero_and_the_base_for_any_run_length_and_warm_up() {
    for decay in DECAYS {
        for (epochs, warmup) in [(0, 0), (1, 0), (1, 1), (3, 5), (160, 5)] {
            let mut schedule = LrSchedule::new(decay.name, epochs).expect("a registered name");
            schedule.warmup_epochs = warmup;
            for epoch in 0..200 {
                let lr = schedule.lr(0.1, epoch);
                assert!((0.0..=0.1).contains(&lr), "{} at epoch {epoch} of {epochs}: {lr}", decay.name);
            }
        }
    }
}

#[test]
fn an_unknown_schedule_is_an_error_that_lists_the_names_and_the_nearest() {
    let error = LrSchedule::new("cosin", 10).expect_err("no such schedule").to_string();
    assert!(DECAYS.iter().all(|decay| error.contains(decay.name)), "{error}");
    assert!(error.contains("did you mean `cosine`?"), "{error}");
}
