//! `saliency.safetensors` with its `.json`: scores of the untrained network, and how many weights each layer keeps.

use crate::json::{array, at, get, integer, number, object, read, text};
use crate::tally::{Outcome, Tally};
use rarefy::core::{Block, Density, Extent, Pattern};
use rarefy::nn::graph::Graph;
use rarefy::nn::models;
use rarefy::nn::params::{Column, ParamStore};
use rarefy::nn::probe::{self, AbsLinear, Samples};
use rarefy::sparsity::saliency::{Dense, Need, Probe, rank};
use rarefy::sparsity::{Layer, init};
use rarefy::train::prunable_layers;
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::Path;

const INPUT: Extent = Extent { channels: 3, height: 32, width: 32 };

/// Each init with the tensor it is compared on, its tolerance (relative L2 per layer) and how far counts may be off.
const INITS: [(&str, Option<&str>, f64, u64); 4] = [
    ("snip", Some("snip"), 1e-2, 3),
    ("grasp", Some("grasp_hg"), 2e-2, 3),
    ("synflow", Some("synflow"), 1e-5, 1),
    ("magnitude", None, 0.0, 1),
];

/// Compares scores and counts of every saliency init.
pub(crate) fn check(path: &Path) -> Result<Outcome, String> {
    let json = read(&path.with_extension("json"))?;
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    let network = Golden::open(&json, &tensors)?;
    let (mut scores, mut counts) = (Tally::default(), Tally::default());
    for (name, tensor, tolerance, off) in INITS {
        let rule = init::find(name).map_err(|error| error.to_string())?;
        let saliency = rule.saliency().ok_or_else(|| format!("{name} is no saliency"))?;
        let mut measured = Measured { golden: &network, known: None };
        let weights = measured.weights()?;
        let found = match saliency.need {
            Need::Magnitude => weights.clone(),
            need => measured.measure(need, &network.full)?,
        };
        let of_layer = |(weights, found): (&Vec<f64>, &Vec<f64>)| -> Vec<f64> {
            weights.iter().zip(found).map(|(&w, &x)| (saliency.score)(w, x)).collect()
        };
        let scored: Vec<Vec<f64>> = weights.iter().zip(&found).map(of_layer).collect();
        if let Some(tensor) = tensor {
            // The Hessian-gradient product is compared itself, the others as scores.
            let compared = if tensor == name { &scored } else { &found };
            for (parameter, found) in network.graph.prunable().zip(compared) {
                let label = format!("{tensor}.{}", parameter.name);
                scores.tensor(&label, found, &numbers(&tensors, &label)?, tolerance);
            }
        }
        let layers = prunable_layers(&network.graph);
        for (key, case) in object(get(get(&json, "keep")?, name)?)? {
            let density: Density = key.parse()?;
            let target = density.budget(layers.iter().map(Layer::weights).sum());
            // The file leaves layers empty: so may this.
            let least = vec![0; layers.len()];
            let best = rank(name, &layers, &scored, None, target, &least, Block::UNSTRUCTURED)
                .map_err(|error| error.to_string())?;
            let kept = integer(get(case, "kept")?)?;
            counts.require(&format!("{name} {key}"), best.weights == kept, || {
                format!("expected {kept} weights, found {}", best.weights)
            });
            let rows = array(get(case, "layers")?)?;
            counts.require(&format!("{name} {key} layers"), rows.len() == layers.len(), || {
                format!("expected {} layers, found {}", rows.len(), layers.len())
            });
            for (row, (layer, positions)) in rows.iter().zip(layers.iter().zip(&best.positions)) {
                let (expected, label) = (integer(at(row, 1)?)?, format!("{name} {key} {}", layer.name));
                let found = positions.len() as u64;
                counts.require(
                    &label,
                    text(at(row, 0)?)? == layer.name && found.abs_diff(expected) <= off,
                    || format!("expected {expected} weights or {off} off, found {found}"),
                );
            }
        }
    }
    let flow = AbsLinear::new(&network.graph, &network.dense).map_err(|error| error.to_string())?;
    let expected = number(get(get(&json, "values")?, "synflow_R")?)?;
    scores.number("synflow_R", flow.flow(&network.full), expected, 1e-5);
    Ok(Outcome::new(vec![("scores", scores), ("counts", counts)], Vec::new()))
}

/// The file's network and samples.
struct Golden {
    graph: Graph,
    full: Vec<Pattern>,
    dense: ParamStore,
    images: Vec<f32>,
    labels: Vec<u32>,
}

impl Golden {
    fn open(json: &Value, tensors: &SafeTensors<'_>) -> Result<Self, String> {
        let config = get(json, "config")?;
        let classes = integer(get(config, "classes")?)?;
        let per_class = integer(get(config, "per_class")?)?;
        let graph = models::build(text(get(config, "model")?)?, INPUT, classes as usize)
            .map_err(|error| error.to_string())?;
        let full: Vec<Pattern> = prunable_layers(&graph)
            .iter()
            .map(|layer| Pattern::full(layer.shape, Block::UNSTRUCTURED).map_err(|error| error.to_string()))
            .collect::<Result<_, String>>()?;
        let mut dense = ParamStore::new(&graph, full.clone()).map_err(|error| error.to_string())?;
        for view in 0..dense.views().len() {
            let parameter = &dense.views()[view].parameter;
            let (name, len) = (format!("init.{}", parameter.name), parameter.len());
            let values: Vec<f32> = numbers(tensors, &name)?.into_iter().map(|value| value as f32).collect();
            if values.len() != len {
                return Err(format!("expected `{name}` to hold {len} numbers, found {}", values.len()));
            }
            dense.set_from_dense(view, Column::Value, &values);
        }
        let seed = integer(get(config, "seed")?)?;
        let samples = classes * per_class;
        let images = (0..samples * INPUT.len() as u64).map(|index| pixel(seed, index)).collect();
        let labels = (0..samples).map(|sample| (sample / per_class) as u32).collect();
        Ok(Self { graph, full, dense, images, labels })
    }

    fn samples(&self, range: std::ops::Range<usize>) -> Samples<'_> {
        let pixels = INPUT.len();
        Samples {
            images: &self.images[range.start * pixels..range.end * pixels],
            labels: &self.labels[range],
        }
    }
}

/// The golden network as a probe; what was measured once is not measured again.
struct Measured<'a> {
    golden: &'a Golden,
    known: Option<Dense>,
}

impl Probe for Measured<'_> {
    fn weights(&mut self) -> Result<Dense, String> {
        probe::weights(&self.golden.dense).map_err(|error| error.to_string())
    }

    fn measure(&mut self, need: Need, kept: &[Pattern]) -> Result<Dense, String> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let Golden { graph, dense, labels, .. } = self.golden;
        let (all, half) = (labels.len(), labels.len() / 2);
        let measured = match need {
            Need::Gradient => probe::gradient(graph, dense, &[self.golden.samples(0..all)], 1),
            Need::HessianGradient => {
                let halves = [self.golden.samples(0..half), self.golden.samples(half..all)];
                probe::hessian_gradient(graph, dense, &halves, half, 1)
            }
            Need::AbsLinear => AbsLinear::new(graph, dense).and_then(|flow| flow.gradient(kept)),
            Need::Magnitude => return self.weights(),
        };
        let measured = measured.map_err(|error| error.to_string())?;
        self.known = Some(measured.clone());
        Ok(measured)
    }
}

/// Pixel `index` of the images: splitmix64 of stream 1000, scaled to variance 1.
fn pixel(seed: u64, index: u64) -> f32 {
    let state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1000 << 40).wrapping_add(index);
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let uniform = ((z >> 40) as f64 - f64::from(1 << 23)) / f64::from(1 << 23);
    uniform as f32 * 3f64.sqrt() as f32
}

/// The numbers of a tensor of 32- or 64-bit floats.
fn numbers(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<f64>, String> {
    let tensor = tensors.tensor(name).map_err(|error| format!("tensor `{name}`: {error}"))?;
    match tensor.dtype() {
        safetensors::Dtype::F64 => {
            Ok(tensor.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
        }
        safetensors::Dtype::F32 => {
            let wide = |&bytes: &[u8; 4]| f64::from(f32::from_le_bytes(bytes));
            Ok(tensor.data().as_chunks().0.iter().map(wide).collect())
        }
        other => Err(format!("tensor `{name}`: cannot read numbers of type {other:?}")),
    }
}
