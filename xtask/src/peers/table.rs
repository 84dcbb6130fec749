//! Markdown of the measurements.

use super::cases::{Case, DENSITIES, Layer, Network, least_of_layer};
use super::measure::{BATCH, Time};

/// Runs of one program, one a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs(Vec<Time>);

impl Runs {
    pub(super) fn push(&mut self, time: Time) {
        self.0.push(time);
    }

    /// Median of the rounds' medians, `None` without rounds.
    pub(super) fn median(&self) -> Option<f64> {
        let mut medians: Vec<f64> = self.0.iter().map(|time| time.median_ms).collect();
        medians.sort_by(f64::total_cmp);
        let (low, high) = (medians.get(medians.len().checked_sub(1)? / 2)?, medians.get(medians.len() / 2)?);
        Some((low + high) / 2.0)
    }

    /// Least of all.
    fn least(&self) -> f64 {
        self.0.iter().map(|time| time.min_ms).fold(f64::INFINITY, f64::min)
    }

    fn peak_rss_mb(&self) -> f64 {
        self.0.iter().map(|time| time.peak_rss_mb).fold(f64::NAN, f64::max)
    }

    /// `median [least]`, in milliseconds or in images a second.
    fn cell(&self, eval: bool) -> String {
        let rate = |ms: f64| BATCH as f64 * 1e3 / ms;
        match self.median() {
            None => "-".into(),
            Some(median) if eval => format!("{:.0} [{:.0}]", rate(median), rate(self.least())),
            Some(median) => format!("{median:.1} [{:.1}]", self.least()),
        }
    }

    fn memory(&self) -> String {
        let mb = self.peak_rss_mb();
        if mb.is_finite() { format!("{mb:.0}") } else { "-".into() }
    }
}

/// A network in rarefy and in PyTorch.
pub(super) struct NetworkRow<'a> {
    pub(super) network: &'a Network,
    pub(super) case: &'a Case,
    pub(super) rarefy: &'a Runs,
    pub(super) dense: &'a Runs,
    pub(super) masked: &'a Runs,
}

/// The faster of some measurements over rarefy's time.
fn ratio(rarefy: &Runs, peers: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let best = peers.into_iter().flatten().min_by(f64::total_cmp)?;
    Some(best / rarefy.median()?)
}

fn ratio_cell(ratio: Option<f64>, least: f64) -> String {
    match ratio {
        None => "-".into(),
        Some(ratio) if ratio >= least => format!("{ratio:.2}"),
        // What is not reached must be seen.
        Some(ratio) => format!("**{ratio:.2}**"),
    }
}

/// Rows of whole networks.
pub(super) fn networks(rows: &[NetworkRow<'_>]) -> String {
    let mut text = String::from(
        "| case | threads | rarefy ms | PyTorch dense ms | PyTorch masked ms | ratio | at least | stretch | rarefy MB | PyTorch MB |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for NetworkRow { network, case, rarefy, dense, masked } in rows {
        let ratio = ratio(rarefy, [dense.median(), masked.median()]);
        let what = if network.eval { ", evaluation, images/s" } else { "" };
        text += &format!(
            "| {}, {}{what} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            network.model,
            case.label,
            network.threads,
            rarefy.cell(network.eval),
            dense.cell(network.eval),
            masked.cell(network.eval),
            ratio_cell(ratio, case.least),
            case.least,
            case.stretch,
            rarefy.memory(),
            dense.memory(),
        );
    }
    text
}

/// A layer in rarefy at every density, in PyTorch, and in SparseProp at every density.
pub(super) struct LayerRows<'a> {
    pub(super) layer: &'a Layer,
    pub(super) rarefy: &'a [Runs; DENSITIES.len()],
    pub(super) torch: &'a Runs,
    pub(super) sparseprop: &'a [Runs; DENSITIES.len()],
}

/// Rows of single layers.
pub(super) fn layers(rows: &[LayerRows<'_>]) -> String {
    let mut text = String::from(
        "| layer | density | rarefy ms | PyTorch dense ms | SparseProp ms | ratio | at least |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for LayerRows { layer, rarefy, torch, sparseprop } in rows {
        for (index, density) in DENSITIES.into_iter().enumerate() {
            let (rarefy, measured, quoted) = (&rarefy[index], &sparseprop[index], layer.quoted[index]);
            let (sparse, cell) = match measured.median() {
                Some(median) => (median, measured.cell(false)),
                None => (quoted, format!("({quoted})")),
            };
            let least = least_of_layer(density);
            text += &format!(
                "| {c}x{c}x3x3 on {s}x{s} | {density} | {} | {} | {cell} | {} | {least} |\n",
                rarefy.cell(false),
                torch.cell(false),
                ratio_cell(ratio(rarefy, [torch.median(), Some(sparse)]), least),
                c = layer.channels,
                s = layer.size,
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(medians: &[f64]) -> Runs {
        let mut runs = Runs::default();
        for &median_ms in medians {
            runs.push(Time { median_ms, min_ms: median_ms - 0.5, peak_rss_mb: 100.0 + median_ms });
        }
        runs
    }

    #[test]
    fn a_cell_is_the_median_of_the_rounds_and_the_least_of_all() {
        assert_eq!(runs(&[30.0, 10.0, 20.0]).cell(false), "20.0 [9.5]");
        assert_eq!(runs(&[10.0, 20.0]).median(), Some(15.0));
        assert_eq!((Runs::default().cell(false), Runs::default().median()), ("-".into(), None));
        assert_eq!(runs(&[64.5]).cell(true), "1984 [2000]");
        assert_eq!((runs(&[1.0, 3.0]).memory(), Runs::default().memory()), ("103".into(), "-".into()));
    }

    #[test]
    fn the_ratio_is_to_the_faster_peer_and_stands_out_where_it_is_too_small() {
        let network = Network { model: "net", threads: 2, eval: false, cases: &[] };
        let case = Case { label: "ERK", flags: &[], least: 4.0, stretch: 6.0 };
        let row = |rarefy: &Runs, masked: &Runs| {
            networks(&[NetworkRow { network: &network, case: &case, rarefy, dense: &runs(&[80.0]), masked }])
        };
        let text = row(&runs(&[20.0]), &runs(&[90.0]));
        assert!(text.ends_with(
            "| net, ERK | 2 | 20.0 [19.5] | 80.0 [79.5] | 90.0 [89.5] | 4.00 | 4 | 6 | 120 | 180 |\n"
        ));
        assert!(row(&runs(&[20.0]), &runs(&[60.0])).contains("| **3.00** | 4 |"));
        assert!(row(&runs(&[20.0]), &Runs::default()).contains("| - | 4.00 | 4 |"));
        assert!(row(&Runs::default(), &runs(&[60.0])).contains("| - | 80.0 [79.5] | 60.0 [59.5] | - | 4 |"));
    }

    #[test]
    fn a_layer_is_compared_with_the_faster_of_both_peers_measured_or_quoted() {
        let layer = Layer { channels: 16, size: 32, quoted: [5.0; 5] };
        let (rarefy, absent) = ([(); 5].map(|()| runs(&[2.0])), [(); 5].map(|()| Runs::default()));
        let text = |sparseprop| {
            layers(&[LayerRows { layer: &layer, rarefy: &rarefy, torch: &runs(&[6.0]), sparseprop }])
        };
        let quoted = text(&absent);
        assert_eq!(quoted.lines().count(), 2 + DENSITIES.len());
        assert!(quoted.contains("| 16x16x3x3 on 32x32 | 0.2 | 2.0 [1.5] | 6.0 [5.5] | (5) | 2.50 | 1.5 |"));
        let measured = text(&[(); 5].map(|()| runs(&[3.0])));
        assert!(measured.contains("| 0.2 | 2.0 [1.5] | 6.0 [5.5] | 3.0 [2.5] | 1.50 | 1.5 |"));
        assert!(measured.contains("| 0.1 | 2.0 [1.5] | 6.0 [5.5] | 3.0 [2.5] | **1.50** | 2 |"));
    }
}
