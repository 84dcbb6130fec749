//! Adversarial robustness.

use super::Args;
use super::need::Need;
use super::network::{Loader, Network};
use super::watcher::Watcher;
use crate::failure::Failure;
use crate::format::{grouped, percent};
use crate::table::Table;
use rarefy::eval::attacks::{self, Attack, Settings};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Which attacks, how strong.
#[derive(clap::Args)]
pub(super) struct AttackArgs {
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help = attack_help())]
    attack: Vec<String>,
    /// Largest changes of a pixel in 0..=1, each a number or a fraction [default: 8/255]
    #[arg(long, value_name = "E,...", value_delimiter = ',', allow_hyphen_values = true)]
    #[arg(value_parser = fraction)]
    eps: Vec<Eps>,
    /// Iterations of pgd [default: 20]
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Change of a pixel in an iteration of pgd [default: 2.5 eps / steps]
    #[arg(long, value_name = "E", allow_hyphen_values = true, value_parser = fraction)]
    step_size: Option<Eps>,
    /// Random starts of pgd of which each sample keeps the worst [default: 1]
    #[arg(long, value_name = "N")]
    restarts: Option<u32>,
    /// Start pgd at the image itself
    #[arg(long)]
    no_random_start: bool,
    /// Compute the attacks on this network instead (transfer)
    #[arg(long, value_name = "RUN|CKPT")]
    transfer_from: Option<PathBuf>,
}

/// A size and how it was written.
#[derive(Clone, Debug)]
struct Eps {
    text: String,
    value: f64,
}

/// `0.03` or `8/255`.
fn fraction(text: &str) -> Result<Eps, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let value = match text.split_once('/') {
        Some((above, below)) => number(above).zip(number(below)).map(|(above, below)| above / below),
        None => number(text),
    };
    let value =
        value.filter(|value| value.is_finite()).ok_or("expected a number or a fraction, e.g. 8/255")?;
    Ok(Eps { text: text.trim().to_owned(), value })
}

/// One attack at one size.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) attack: &'static str,
    pub(super) eps: String,
    pub(super) eps_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) transfer_from: Option<PathBuf>,
    pub(super) samples: u64,
    pub(super) accuracy: f64,
    pub(super) loss: f64,
}

fn attack_help() -> String {
    let each = attacks::REGISTRY.iter().map(|attack| format!("{} ({})", attack.name, attack.about));
    format!("Attack the images: {}", each.collect::<Vec<_>>().join("; "))
}

impl AttackArgs {
    fn settings(&self, eps: f64, seed: u64) -> Settings {
        let default = Settings::default();
        Settings {
            eps,
            steps: self.steps.unwrap_or(default.steps),
            step: self.step_size.as_ref().map(|step| step.value),
            random_start: !self.no_random_start,
            restarts: self.restarts.unwrap_or(default.restarts),
            seed,
        }
    }

    /// The sizes asked for, or the default one.
    fn sizes(&self) -> Vec<Eps> {
        match self.eps.is_empty() {
            true => vec![Eps { text: "8/255".to_owned(), value: Settings::default().eps }],
            false => self.eps.clone(),
        }
    }

    /// Whether anything is asked for.
    pub(super) fn wanted(&self) -> bool {
        !self.attack.is_empty()
    }

    /// What is out of range is refused before any work.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.attack.iter().try_for_each(|name| attacks::find(name).map(|_| ()))?;
        Ok(self.sizes().iter().try_for_each(|eps| self.settings(eps.value, 0).check())?)
    }

    /// Which of the flags are given, and what each of them needs.
    pub(super) fn needs(&self) -> Vec<Need> {
        let any =
            |of: fn(&Attack) -> bool| self.attack.iter().filter_map(|name| attacks::find(name).ok()).any(of);
        let (wanted, gradient, iterates) =
            (self.wanted(), any(|attack| attack.gradient), any(|attack| attack.iterates));
        let pgd = |flag, given| Need { flag, given, needs: "--attack pgd", there: iterates };
        let restarts = self.restarts.is_some();
        vec![
            Need { flag: "--eps", given: !self.eps.is_empty(), needs: "--attack", there: wanted },
            pgd("--steps", self.steps.is_some()),
            pgd("--step-size", self.step_size.is_some()),
            pgd("--restarts", restarts),
            pgd("--no-random-start", self.no_random_start),
            Need {
                flag: "--restarts",
                given: restarts,
                needs: "random starts",
                there: !self.no_random_start,
            },
            Need {
                flag: "--transfer-from",
                given: self.transfer_from.is_some(),
                needs: "--attack fgsm or pgd",
                there: gradient,
            },
        ]
    }

    /// Where that network is.
    pub(super) fn other_network(&self) -> Option<&Path> {
        self.transfer_from.as_deref()
    }

    /// The network that attacks are computed on, if it is another one.
    pub(super) fn source(&self, loader: &mut Loader<'_>) -> Result<Option<Network>, Failure> {
        self.transfer_from.as_ref().map(|path| loader.load(path)).transpose()
    }

    pub(super) fn evaluate(
        &self,
        args: &Args,
        network: &mut Network,
        mut source: Option<&mut Network>,
        watcher: &mut Watcher,
    ) -> Result<Vec<Row>, Failure> {
        let transfer_from = source.as_ref().map(|source| source.path.clone());
        let Network { dataset, classifier, .. } = network;
        let mut rows = Vec::new();
        for name in &self.attack {
            let attack = attacks::find(name)?;
            for eps in &self.sizes() {
                let robustness = attacks::attack(
                    classifier,
                    source.as_mut().map(|source| &mut source.classifier),
                    dataset,
                    args.split.split(),
                    args.most(),
                    attack,
                    &self.settings(eps.value, args.seed()),
                    watcher,
                )?;
                rows.push(Row {
                    attack: attack.name,
                    eps: eps.text.clone(),
                    eps_value: eps.value,
                    transfer_from: transfer_from.clone(),
                    samples: robustness.samples,
                    accuracy: robustness.accuracy,
                    loss: robustness.loss,
                });
            }
        }
        Ok(rows)
    }
}

/// A row a network, attack and size.
pub(super) fn table<'a>(results: impl Iterator<Item = (String, &'a [Row])>) -> Table {
    let mut table = Table::new(&["robustness", "attack", "eps", "from", "samples", "accuracy", "loss"], 4);
    for (network, rows) in results {
        for row in rows {
            table.row([
                network.clone(),
                row.attack.to_owned(),
                row.eps.clone(),
                row.transfer_from.as_ref().map_or("itself".to_owned(), |path| path.display().to_string()),
                grouped(row.samples),
                percent(row.accuracy),
                format!("{:.4}", row.loss),
            ]);
        }
    }
    table
}
