//! `lr_schedules.json`: learning rates and drop fractions.

use crate::json::{array, get, integer, integers, number, read};
use crate::tally::{Outcome, Tally};
use rarefy::nn::optim::{LrSchedule, half_and_three_quarters};
use rarefy::sparsity::schedule::Decay;
use serde_json::Value;
use std::path::Path;

/// Relative, of closed forms.
const CLOSED: f64 = 1e-12;
/// Relative, of a recursion.
const RECURSIVE: f64 = 1e-9;

/// Compares every schedule of the file.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let file = read(path)?;
    let (mut rates, mut fractions) = (Tally::default(), Tally::default());
    for case in array(get(&file, "multistep")?)? {
        let (epochs, multiplier) = (size(case, "epochs")?, size(case, "multiplier")?);
        let milestones = integers(get(case, "milestones")?)?;
        rates.require(
            "milestones",
            half_and_three_quarters(epochs, multiplier).to_vec() == milestones,
            || format!("expected {milestones:?} for {epochs} epochs times {multiplier}"),
        );
        check_rates(case, epochs * multiplier, 0, &mut rates)?;
    }
    for case in array(get(&file, "warmup_step")?)? {
        check_rates(case, size(case, "epochs")?, size(case, "warmup")?, &mut rates)?;
    }
    for case in array(get(&file, "cosine_death_rate")?)? {
        let end = number(get(case, "eta_min")?)?;
        check_fractions(case, Decay::Cosine, end, "closed_form", CLOSED, &mut fractions)?;
        check_fractions(case, Decay::Cosine, end, "torch_recursive", RECURSIVE, &mut fractions)?;
    }
    for case in array(get(&file, "linear_death_rate")?)? {
        check_fractions(case, Decay::Linear, 0.0, "closed_form", CLOSED, &mut fractions)?;
    }
    Ok(Outcome::new(vec![("learning_rates", rates), ("drop_fractions", fractions)], Vec::new()))
}

fn check_rates(case: &Value, epochs: usize, warmup_epochs: usize, tally: &mut Tally) -> Result<(), String> {
    let schedule = LrSchedule::new("multistep", epochs).map_err(|error| error.to_string())?;
    let (milestones, gamma) = (integers(get(case, "milestones")?)?, number(get(case, "gamma")?)?);
    let schedule = LrSchedule { milestones, warmup_epochs, gamma, ..schedule };
    let base = number(get(case, "base_lr")?)?;
    for (epoch, expected) in array(get(case, "lr_of_epoch")?)?.iter().enumerate() {
        tally.number(&format!("rate of epoch {epoch}"), schedule.lr(base, epoch), number(expected)?, CLOSED);
    }
    Ok(())
}

fn check_fractions(
    case: &Value,
    decay: Decay,
    end: f64,
    key: &str,
    tolerance: f64,
    tally: &mut Tally,
) -> Result<(), String> {
    let (start, steps) = (number(get(case, "start")?)?, integer(get(case, "T_max")?)?);
    let expected = array(get(case, key)?)?;
    for (step, expected) in array(get(case, "after_steps")?)?.iter().zip(expected) {
        let (step, expected) = (integer(step)?, number(expected)?);
        let found = decay.fraction(start, end, step, steps);
        let label = format!("{decay:?} after {step} of {steps}");
        // A linear fraction ends at zero, where nothing is relative.
        if expected.abs() < 1e-15 {
            tally.absolute(&label, &[found], &[expected], 1e-15);
        } else {
            tally.number(&label, found, expected, tolerance);
        }
    }
    Ok(())
}

fn size(case: &Value, key: &str) -> Result<usize, String> {
    integer(get(case, key)?).map(|value| value as usize)
}
