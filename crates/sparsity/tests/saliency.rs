//! From scores to counts: ties, NaN, limits, blocks, rounds.

mod common;

use common::{RandomProbe, density};
use rarefy_core::{Block, Pattern};
use rarefy_sparsity::init::{self, Rule};
use rarefy_sparsity::saliency::{Dense, Kept, Need, Probe, measure, rank};
use rarefy_sparsity::{Layer, Options, Request, SparsityError, draw, draw_with};

const SINGLE: Block = Block::UNSTRUCTURED;

fn layers() -> [Layer; 2] {
    [Layer::linear("a", 2, 2), Layer::linear("b", 2, 3)]
}

/// What is kept if no layer may end up empty.
fn keep(scores: &[Vec<f64>], target: u64, least: u64, block: Block) -> Result<Kept, SparsityError> {
    rank("test", &layers(), scores, None, target, &[least; 2], block)?.fill_every("test", &layers())
}

fn positions(scores: [&[f64]; 2], target: u64, least: u64) -> Result<Vec<Vec<u32>>, SparsityError> {
    let scores = scores.map(<[f64]>::to_vec);
    keep(&scores, target, least, SINGLE).map(|kept| kept.positions)
}

#[test]
fn the_largest_of_the_network_stay_and_ties_go_to_the_lower_position() {
    let kept = positions([&[1.0, 5.0, 2.0, 2.0], &[2.0, 2.0, 9.0, 2.0, 0.0, -3.0]], 4, 0).unwrap();
    assert_eq!(kept, [vec![1, 2, 3], vec![2]]);
    let kept = positions([&[0.0, -0.0, 0.0, -0.0], &[0.0; 6]], 5, 0).unwrap();
    assert_eq!(kept, [vec![0, 1, 2, 3], vec![0]], "all zeros tie, whatever their sign");
}

#[test]
fn every_layer_keeps_what_it_must_and_an_empty_one_is_an_error() {
    let scores: [&[f64]; 2] = [&[9.0; 4], &[1.0, 2.0, 3.0, 3.0, 0.0, 0.0]];
    assert_eq!(positions(scores, 4, 1).unwrap(), [vec![0, 1, 2], vec![2]]);
    assert_eq!(positions(scores, 4, 2).unwrap(), [vec![0, 1], vec![2, 3]]);
    let error = positions(scores, 4, 0).unwrap_err();
    assert_eq!(error, SparsityError::Collapse { rule: "test", layer: "b".into() });
    let error = positions(scores, 4, 3).unwrap_err();
    assert_eq!(error, SparsityError::Least { rule: "test", layer: "b".into(), target: 4 });
}

#[test]
fn not_a_number_is_an_error_that_names_the_weight() {
    let error = positions([&[1.0; 4], &[1.0, f64::NAN, 1.0, 1.0, 1.0, 1.0]], 4, 1).unwrap_err();
    assert_eq!(error, SparsityError::NotANumber { rule: "test", layer: "b".into(), at: 1 });
    assert!(positions([&[f64::INFINITY, 0.0, 0.0, f64::NEG_INFINITY], &[1.0; 6]], 3, 1).is_ok());
}

#[test]
fn lists_of_wrong_length_are_refused() {
    assert!(matches!(
        positions([&[1.0; 3], &[1.0; 6]], 4, 1),
        Err(SparsityError::Column { expected: 4, found: 3, .. })
    ));
    let one = keep(&[vec![1.0; 4]], 4, 1, SINGLE);
    assert!(matches!(one, Err(SparsityError::Length { expected: 2, found: 1, .. })));
}

#[test]
fn blocks_are_ranked_by_their_mean() {
    // Blocks of 2x2 in the first layer (one), of 2x1 in the second.
    let block = Block { rows: 2, columns: 2 };
    let scores = [vec![4.0; 4], vec![1.0, 9.0, 2.0, 1.0, 0.0, 2.0]];
    let at = |target| keep(&scores, target, 1, block).unwrap();
    // Means: 4 | 1, 4.5, 2.
    assert_eq!(at(6).positions, [vec![0], vec![1]]);
    assert_eq!((at(8).positions, at(8).weights), (vec![vec![0], vec![1, 2]], 8));
    assert_eq!(at(7).weights, 6, "never more than asked for");
}

#[test]
fn the_same_counts_come_with_random_positions_or_with_the_saliencys_own() {
    let layers =
        [Layer::conv("conv", 8, 3, 3, 3), Layer::conv("mid", 8, 8, 3, 3), Layer::linear("fc", 10, 8)];
    for init in init::REGISTRY.iter().copied().filter(|init| init.saliency().is_some()) {
        let draw = |saliency_mask, mask_seed, block| {
            let options = Options { saliency_mask, saliency_rounds: 4, ..Options::default() };
            let request =
                Request { init, layers: &layers, density: density(0.2), block, mask_seed, options: &options };
            draw_with(&request, Some(&mut RandomProbe::new(&layers, 9))).unwrap()
        };
        for block in [SINGLE, Block { rows: 4, columns: 2 }] {
            let counts =
                |mask, seed| draw(mask, seed, block).layers.iter().map(|layer| layer.nnz).collect::<Vec<_>>();
            assert_eq!(counts(false, 1), counts(true, 1), "{}", init.name());
            assert_eq!(counts(false, 1), counts(false, 2));
            assert_ne!(draw(false, 1, block).patterns, draw(false, 2, block).patterns);
            assert_eq!(draw(true, 1, block).patterns, draw(true, 2, block).patterns);
        }
    }
}

#[test]
fn an_iterative_saliency_keeps_a_power_of_the_density_after_each_round() {
    let layers = [Layer::linear("a", 100, 50), Layer::linear("b", 50, 100)];
    let mut probe = RandomProbe::new(&layers, 4);
    let saliency = init::Synflow.saliency().unwrap();
    let kept = measure("synflow", &saliency, &layers, &mut probe, 100, &[1; 2], 4, SINGLE).unwrap();
    assert_eq!(kept.weights, 100);
    // Before round k: 10000 * 0.01^((k - 1) / 4).
    let totals: Vec<usize> = probe.rounds.iter().map(|round| round.iter().sum()).collect();
    assert_eq!(totals, [10_000, 3162, 1000, 316]);
    let mut once = RandomProbe::new(&layers, 4);
    measure("snip", &init::Snip.saliency().unwrap(), &layers, &mut once, 100, &[1; 2], 4, SINGLE).unwrap();
    assert_eq!(once.rounds.len(), 1);
}

#[test]
fn magnitude_measures_nothing_and_grasp_keeps_what_the_paper_keeps() {
    let layers = layers();
    let mut probe = RandomProbe::new(&layers, 4);
    measure("magnitude", &init::Magnitude.saliency().unwrap(), &layers, &mut probe, 4, &[1; 2], 1, SINGLE)
        .unwrap();
    assert!(probe.rounds.is_empty());
    let score = init::Grasp.saliency().unwrap().score;
    assert!(score(2.0, 3.0) > score(2.0, -3.0), "the lowest -w Hg is the largest w Hg");
}

struct Broken(&'static str);

impl Probe for Broken {
    fn weights(&mut self) -> Result<Dense, String> {
        Ok(vec![vec![1.0; 4], vec![1.0; if self.0 == "short" { 5 } else { 6 }]])
    }

    fn measure(&mut self, _: Need, _: &[Pattern]) -> Result<Dense, String> {
        match self.0 {
            "reason" => Err("no data".into()),
            "short" => Ok(vec![vec![1.0; 4], vec![1.0; 6]]),
            "nan" => Ok(vec![vec![f64::NAN; 4], vec![1.0; 6]]),
            _ => Ok(vec![vec![1.0; 4]]),
        }
    }
}

#[test]
fn a_probe_that_fails_is_an_error_and_without_one_nothing_is_drawn() {
    let layers = layers();
    let request = Request {
        init: &init::Snip,
        layers: &layers,
        density: density(0.5),
        block: SINGLE,
        mask_seed: 1,
        options: Options::none(),
    };
    let fails = |kind| draw_with(&request, Some(&mut Broken(kind))).unwrap_err();
    assert_eq!(fails("reason"), SparsityError::Probe { rule: "snip", reason: "no data".into() });
    assert!(matches!(fails("nan"), SparsityError::NotANumber { rule: "snip", at: 0, .. }));
    assert!(matches!(fails("short"), SparsityError::Column { expected: 6, found: 5, .. }));
    assert!(matches!(fails("list"), SparsityError::Length { expected: 2, found: 1, .. }));
    assert_eq!(draw(&request), Err(SparsityError::NoProbe { rule: "snip" }));
}
