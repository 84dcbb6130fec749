//! Probes of an untrained network against PyTorch in f64, and on networks too deep for f32.

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Pattern};
use rarefy_nn::graph::{Extent, Graph};
use rarefy_nn::params::{Column, ParamStore, initialize};
use rarefy_nn::probe::{self, AbsLinear, Dense, Samples};
use rarefy_nn::{SessionError, models};
use safetensors::SafeTensors;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/saliency");
const INPUT: Extent = Extent { channels: 3, height: 32, width: 32 };

/// The network and samples of the golden data.
struct Golden {
    bytes: Vec<u8>,
    json: serde_json::Value,
    graph: Graph,
    dense: ParamStore,
    images: Vec<f32>,
    labels: Vec<u32>,
}

/// splitmix64 of the stream `k` of `seed`, at index `i`.
fn hash(seed: u64, k: u64, i: u64) -> u64 {
    let s = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(k << 40).wrapping_add(i);
    let mut z = s.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn full(graph: &Graph) -> Vec<Pattern> {
    let shape = |node| graph.node(node).op.weight().expect("prunable nodes have a weight");
    graph
        .prunable()
        .map(|parameter| Pattern::full(shape(parameter.node), Block::UNSTRUCTURED).expect("fits"))
        .collect()
}

impl Golden {
    fn open() -> Self {
        let bytes = std::fs::read(format!("{GOLDEN}.safetensors")).expect("golden tensors");
        let json = std::fs::read(format!("{GOLDEN}.json")).expect("golden configuration");
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let graph = models::build("cifar_resnet_20_8", INPUT, 10).expect("a known model");
        let mut dense = ParamStore::new(&graph, full(&graph)).expect("fits");
        {
            let tensors = SafeTensors::deserialize(&bytes).expect("safetensors");
            for view in 0..dense.views().len() {
                let name = format!("init.{}", dense.views()[view].parameter.name);
                let data = tensors.tensor(&name).expect("an initial value").data().to_vec();
                let values: Vec<f32> =
                    data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
                dense.set_from_dense(view, Column::Value, &values);
            }
        }
        let seed = json["config"]["seed"].as_u64().expect("a seed");
        let pixel = |i| {
            let v = ((hash(seed, 1000, i) >> 40) as f64 - f64::from(1 << 23)) / f64::from(1 << 23);
            v as f32 * 3f64.sqrt() as f32
        };
        let images = (0..100 * INPUT.len() as u64).map(pixel).collect();
        Self { bytes, json, graph, dense, images, labels: (0..100).map(|i| i / 10).collect() }
    }

    fn samples(&self, range: std::ops::Range<usize>) -> Samples<'_> {
        let pixels = INPUT.len();
        Samples {
            images: &self.images[range.start * pixels..range.end * pixels],
            labels: &self.labels[range],
        }
    }

    fn halves(&self) -> [Samples<'_>; 2] {
        [self.samples(0..50), self.samples(50..100)]
    }

    /// Largest relative L2 distance of a layer from the golden scores `kind`.
    fn distance(&self, kind: &str, found: &Dense) -> f64 {
        let tensors = SafeTensors::deserialize(&self.bytes).expect("safetensors");
        let of_layer = |(parameter, found): (&rarefy_nn::graph::Parameter, &Vec<f64>)| {
            let tensor = tensors.tensor(&format!("{kind}.{}", parameter.name)).expect("golden scores");
            let expected: Vec<f64> =
                tensor.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
            assert_eq!(found.len(), expected.len());
            let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
            let off = norm(&mut found.iter().zip(&expected).map(|(a, b)| a - b));
            off / norm(&mut expected.iter().copied())
        };
        self.graph.prunable().zip(found).map(of_layer).fold(0.0, f64::max)
    }
}

/// `|w * slope|` of every weight.
fn products(weights: &Dense, slopes: &Dense) -> Dense {
    let layer =
        |(w, slopes): (&Vec<f64>, &Vec<f64>)| w.iter().zip(slopes).map(|(w, g)| (w * g).abs()).collect();
    weights.iter().zip(slopes).map(layer).collect()
}

#[test]
fn gradients_of_the_dense_network_give_the_scores_of_snip() {
    let golden = Golden::open();
    let found = probe::gradient(&golden.graph, &golden.dense, &[golden.samples(0..100)], 1).expect("finite");
    let off = golden.distance("snip", &products(&probe::weights(&golden.dense).unwrap(), &found));
    assert!(off < 1e-2, "{off}");
}

#[test]
fn hessian_gradient_products_are_exact() {
    let golden = Golden::open();
    let found =
        probe::hessian_gradient(&golden.graph, &golden.dense, &golden.halves(), 50, 2).expect("finite");
    let off = golden.distance("grasp_hg", &found);
    assert!(off < 1e-8, "{off}");
}

#[test]
fn halves_of_more_than_a_batch_take_passes_of_their_own_statistics() {
    let graph =
        models::build("cifar_resnet_8_2", Extent { channels: 1, height: 6, width: 5 }, 3).expect("a model");
    let mut dense = ParamStore::new(&graph, full(&graph)).expect("fits");
    initialize(&mut dense, 3);
    let mut random = Stream::new(4, Purpose::Synthetic, 0);
    let images: Vec<f32> = (0..12 * 30).map(|_| random.normal() as f32).collect();
    let labels = [0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 1, 1];
    let samples = |range: std::ops::Range<usize>| Samples {
        images: &images[range.start * 30..range.end * 30],
        labels: &labels[range],
    };
    let product = |halves: &[Samples<'_>], most, threads| {
        probe::hessian_gradient(&graph, &dense, halves, most, threads).expect("finite")
    };
    let near = |a: &Dense, b: &Dense, scale: f64| {
        let pairs = a.iter().flatten().zip(b.iter().flatten());
        let off: f64 = pairs.map(|(a, b)| (a - scale * b) * (a - scale * b)).sum();
        off.sqrt() <= 1e-12 * a.iter().flatten().map(|a| a * a).sum::<f64>().sqrt()
    };
    // L of 8 samples in two passes is half the sum of the L of either; g and H each take that factor.
    let (cut, apart) = (product(&[samples(0..8)], 4, 1), product(&[samples(0..4), samples(4..8)], 9, 1));
    assert!(near(&cut, &apart, 0.25));
    assert!(!near(&cut, &product(&[samples(0..8)], 8, 1), 1.0), "other statistics");
    assert_eq!(product(&[samples(0..12)], 5, 1), product(&[samples(0..12)], 5, 3), "any number of threads");
    let empty = probe::hessian_gradient(&graph, &dense, &[samples(0..0)], 4, 1);
    assert!(matches!(empty, Err(SessionError::Batch(_))), "{empty:?}");
}

#[test]
fn flows_are_exact() {
    let golden = Golden::open();
    let flow = AbsLinear::new(&golden.graph, &golden.dense).expect("dense");
    let all = full(&golden.graph);
    let expected = golden.json["values"]["synflow_R"].as_f64().expect("R");
    assert!((flow.flow(&all) / expected - 1.0).abs() < 1e-8);
    let found = flow.gradient(&all).expect("finite");
    let off = golden.distance("synflow", &products(&probe::weights(&golden.dense).unwrap(), &found));
    assert!(off < 1e-8, "{off}");
}

#[test]
fn flows_of_a_pruned_network_are_those_of_zeros_and_linear_in_every_weight() {
    let graph =
        models::build("cifar_resnet_8_2", Extent { channels: 1, height: 6, width: 5 }, 3).expect("a model");
    let mut dense = ParamStore::new(&graph, full(&graph)).expect("fits");
    initialize(&mut dense, 3);
    let mut random = Stream::new(4, Purpose::Synthetic, 0);
    let halved = |pattern: &Pattern| {
        let all = pattern.positions() as u32;
        let chosen = random.choose(all, all.div_ceil(2));
        Pattern::from_positions(pattern.shape(), Block::UNSTRUCTURED, &chosen).expect("ascending")
    };
    let kept: Vec<Pattern> = full(&graph).iter().map(halved).collect();
    let flow = AbsLinear::new(&graph, &dense).expect("dense");
    let slopes = flow.gradient(&kept).expect("finite");
    let before = flow.flow(&kept);
    for (layer, (pattern, slopes)) in kept.iter().zip(&slopes).enumerate() {
        let view = (0..dense.views().len())
            .find(|&view| dense.views()[view].pattern == Some(layer))
            .expect("a view");
        let exists: Vec<usize> = pattern.iter_dense_indices().collect();
        assert!((0..slopes.len()).all(|index| exists.contains(&index) || slopes[index] == 0.0));
        let at = exists[exists.len() / 2];
        let mut moved = dense.clone();
        let values = moved.slice_mut(view, Column::Value);
        values[at] = values[at].abs() + 1.0;
        let step = f64::from(values[at]) - f64::from(dense.slice(view, Column::Value)[at].abs());
        let after = AbsLinear::new(&graph, &moved).expect("dense").flow(&kept);
        let expected = step * slopes[at];
        assert!((after - before - expected).abs() <= 1e-9 * after.abs(), "layer {layer}: {after} {before}");
    }
}

#[test]
fn flows_stay_finite_at_depth_110() {
    let graph = models::build("cifar_resnet_110", INPUT, 10).expect("a model");
    let mut dense = ParamStore::new(&graph, full(&graph)).expect("fits");
    initialize(&mut dense, 1);
    let flow = AbsLinear::new(&graph, &dense).expect("dense");
    let all = flow.flow(&full(&graph));
    assert!(all.is_finite() && all > 1e38, "beyond f32, as the test means it to be: {all}");
}

#[test]
fn networks_with_gaps_and_samples_that_do_not_fit_are_refused() {
    let golden = Golden::open();
    let sparse = full(&golden.graph)
        .iter()
        .map(|pattern| Pattern::from_positions(pattern.shape(), Block::UNSTRUCTURED, &[0]).expect("fits"))
        .collect();
    let sparse = ParamStore::new(&golden.graph, sparse).expect("fits");
    let samples = golden.samples(0..2);
    for error in [
        probe::gradient(&golden.graph, &sparse, &[samples], 1).expect_err("not dense"),
        probe::hessian_gradient(&golden.graph, &sparse, &[samples], 50, 1).expect_err("not dense"),
        AbsLinear::new(&golden.graph, &sparse).expect_err("not dense"),
    ] {
        assert!(matches!(&error, SessionError::Batch(text) if text.contains("dense")), "{error}");
    }
    let short = Samples { images: &golden.images[..5], labels: &golden.labels[..2] };
    assert!(probe::gradient(&golden.graph, &golden.dense, &[short], 1).is_err());
    assert!(probe::hessian_gradient(&golden.graph, &golden.dense, &[short], 50, 1).is_err());
    assert!(probe::gradient(&golden.graph, &golden.dense, &[], 1).is_err(), "no samples");
}
