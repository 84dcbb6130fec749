//! Command lines that cannot be read: the parser's complaints in the words and the style of all other errors.

use crate::failure::Failure;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use rarefy::core::same_name;
use rarefy::nn::models;
use rarefy::nn::optim::DECAYS;
use rarefy::sparsity::{drop, grow, init};
use rarefy::train::{Method, OptimizerName};
use std::error::Error as _;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};

/// What people call something that has another name here, and what to write instead.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("--sparsity", "density is the share that is kept: sparsity 0.95 is --density 0.05"),
    ("--batch", "samples of a step are --batch-size"),
    ("--learning-rate", "the learning rate is --lr"),
    ("--gpu", "rarefy computes on the CPU"),
    ("--device", "rarefy computes on the CPU"),
    ("--dataset", "data sets are named by --data"),
    ("--init", "the rule of the layer-wise densities is --sparse-init"),
    ("--workers", "images are prepared beside training; worker threads are --threads"),
];

/// What a failed parse says, as every other failure.
pub(crate) fn failure(error: &Error, words: &[String]) -> Failure {
    let text = error.to_string();
    let flag = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let name = flag.as_deref().and_then(|flag| flag.split([' ', '=', '[', '<']).next()).unwrap_or("this");
    let problem = match (error.source(), &value) {
        (Some(source), Some(value)) if source.is::<ParseIntError>() => {
            let overflow = source.downcast_ref::<ParseIntError>();
            let large = overflow.is_some_and(|error| *error.kind() == IntErrorKind::PosOverflow);
            let why = if large { " that is not so large" } else { ", 0 or above" };
            format!("{name} must be a whole number{why}; found `{value}`")
        }
        (Some(source), Some(value)) if source.is::<ParseFloatError>() => {
            format!("{name} must be a number; found `{value}`")
        }
        (Some(source), Some(value)) => format!("{name} `{value}`: {source}"),
        _ => first_paragraph(&text),
    };
    let elsewhere = value.as_deref().and_then(|value| belongs_to(value, name));
    let other = OTHER_WORDS.iter().find(|(word, _)| *word == name).map(|(_, hint)| (*hint).to_owned());
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: ")).map(str::to_owned);
    let all = || format!("`{} --help` tells all flags", command(words));
    Failure::usage(problem).hint(other.or(elsewhere).or(tip).unwrap_or_else(all))
}

/// Whether the "error" is what was asked for: help or the version.
pub(crate) fn is_an_answer(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

fn context(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

/// The complaint itself in one line; usage and tips come after it.
fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join(" ");
    joined.strip_prefix("error: ").unwrap_or(&joined).to_owned()
}

/// The hint for a right name at the wrong flag.
pub(crate) fn belongs_to(value: &str, flag: &str) -> Option<String> {
    let is = |name: &str| same_name(name, value);
    let places: [(&str, &str, bool); 7] = [
        ("--sparse-init", "sparse init", init::REGISTRY.iter().any(|rule| is(rule.name()))),
        ("--method", "training method", Method::all().any(|method| is(method.name()))),
        ("--optimizer", "optimizer", OptimizerName::ALL.iter().any(|(name, _)| is(name))),
        ("--lr-schedule", "learning-rate schedule", DECAYS.iter().any(|decay| is(decay.name))),
        ("--drop", "rule by which weights go", drop::REGISTRY.iter().any(|rule| is(rule.name()))),
        ("--grow", "rule by which weights grow", grow::REGISTRY.iter().any(|rule| is(rule.name()))),
        (
            "--model",
            "model",
            models::REGISTRY.iter().any(|family| family.examples.iter().any(|name| is(name))),
        ),
    ];
    let (right, what, _) = places.into_iter().find(|&(right, _, known)| known && right != flag)?;
    Some(format!("`{value}` is a {what}: {right} {value}"))
}

/// The command of a command line: its words up to the first flag.
fn command(words: &[String]) -> String {
    let known = ["bench", "data"];
    let most = if words.get(1).is_some_and(|word| known.contains(&word.as_str())) { 2 } else { 1 };
    let own = words.iter().skip(1).take_while(|word| !word.starts_with('-')).take(most);
    std::iter::once("rarefy").chain(own.map(String::as_str)).collect::<Vec<_>>().join(" ")
}
