//! Laws that every update of patterns must keep, under every combination of rules.

mod common;

use common::{block, config, layers};
use proptest::prelude::*;
use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Block, Density, GROWN, Pattern, PatternEdit, move_column};
use rarefy_sparsity::drop::{self, Scope, Settings};
use rarefy_sparsity::update::{Draw, Rules, Updater};
use rarefy_sparsity::{
    Active, Fired, Layer, Network, Options, Request, SparsityError, draw, grow, init, redistribution,
};

/// Layers with columns.
#[derive(Clone, Debug)]
struct Net {
    names: Vec<String>,
    patterns: Vec<Pattern>,
    /// Values, gradients, momentum, signs of each layer.
    columns: Vec<[Vec<f32>; 4]>,
    /// One number per dense weight.
    dense: Vec<Vec<f32>>,
}

impl Network for Net {
    fn layers(&self) -> usize {
        self.patterns.len()
    }

    fn layer(&self, index: usize) -> Active<'_> {
        let [values, gradient, momentum, signs] = &self.columns[index];
        Active { name: &self.names[index], pattern: &self.patterns[index], values, gradient, momentum, signs }
    }
}

/// Numbers with many ties and zeros.
fn coarse(stream: &mut Stream, count: usize) -> Vec<f32> {
    (0..count).map(|_| (stream.normal() * 4.0).round() as f32 / 4.0).collect()
}

impl Net {
    fn new(layers: &[Layer], density: Density, block: Block, seed: u64) -> Option<Self> {
        let options = Options::none();
        let request = Request { init: &init::Uniform, layers, density, block, mask_seed: seed, options };
        let patterns = draw(&request).ok()?.patterns;
        let mut stream = Stream::new(seed, Purpose::Synthetic, 0);
        let columns = patterns.iter().map(|pattern| {
            let signs = coarse(&mut stream, pattern.nnz()).iter().map(|value| value.signum() * 1.0).collect();
            let mut numbers = || coarse(&mut stream, pattern.nnz());
            [numbers(), numbers(), numbers(), signs]
        });
        let columns = columns.collect();
        let dense = layers.iter().map(|layer| coarse(&mut stream, layer.shape.len())).collect();
        Some(Self {
            names: layers.iter().map(|layer| layer.name.clone()).collect(),
            patterns,
            columns,
            dense,
        })
    }

    fn nnz(&self) -> u64 {
        self.patterns.iter().map(|pattern| pattern.nnz() as u64).sum()
    }

    fn weights(&self) -> u64 {
        self.patterns.iter().map(|pattern| pattern.shape().len() as u64).sum()
    }

    fn largest_block(&self) -> u64 {
        self.patterns.iter().map(|pattern| pattern.block().len() as u64).max().unwrap_or(1)
    }

    /// Plans and grows all layers, in order or from behind.
    fn update(
        &self,
        rules: &Rules,
        fraction: f64,
        target: u64,
        backwards: bool,
        updater: &mut Updater,
    ) -> Result<(), SparsityError> {
        let draw = Draw { seed: 5, update: 3 };
        updater.plan(rules, self, fraction, target, draw)?;
        let fired: Vec<Fired> = self.patterns.iter().map(Fired::new).collect();
        for at in 0..self.layers() {
            let index = if backwards { self.layers() - 1 - at } else { at };
            updater.grow(rules, self, index, &self.dense[index], Some(&fired[index]), draw)?;
        }
        Ok(())
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let (drops, grows, shares) = (drop::REGISTRY.len(), grow::REGISTRY.len(), redistribution::REGISTRY.len());
    (0..drops, 0..grows, 0..shares, prop_oneof![Just(Scope::Layer), Just(Scope::Global)]).prop_map(
        |(drop, grow, share, scope)| Rules {
            drop: drop::REGISTRY[drop],
            settings: Settings { threshold: 0.3, lambda: 0.5 },
            scope,
            grow: grow::REGISTRY[grow],
            redistribution: redistribution::REGISTRY[share],
        },
    )
}

fn net() -> impl Strategy<Value = Net> {
    (layers(), 0.05..1.0f64, block(), any::<u64>())
        .prop_filter_map("too thin", |(layers, density, block, seed)| {
            Net::new(&layers, Density::new(density).unwrap(), block, seed)
        })
}

/// A number of weights that every layer can have a block of, most often the present one.
fn target(net: &Net, share: f64) -> u64 {
    let least: u64 = net.patterns.iter().map(|pattern| pattern.block().len() as u64).sum();
    if share < 0.5 {
        net.nnz()
    } else {
        ((net.weights() as f64 * (share - 0.5) * 2.0) as u64).clamp(least, net.weights())
    }
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn the_budget_is_met_columns_follow_and_what_grows_starts_at_zero(
        net in net(), rules in rules(), fraction in 0.0..1.0f64, share in 0.0..1.0f64,
    ) {
        let goal = target(&net, share);
        let mut updater = Updater::default();
        net.update(&rules, fraction, goal, false, &mut updater).unwrap();
        let (mut total, mut edit) = (0, PatternEdit::default());
        for (index, before) in net.patterns.iter().enumerate() {
            for list in [updater.dropped(index), updater.grown(index)] {
                prop_assert!(list.is_sorted_by(|a, b| a < b), "{:?}", list);
            }
            let (out, into) = updater.edit(index);
            let mut after = before.clone();
            let edited = after.edit(out, into, &mut edit);
            prop_assert!(edited.is_ok(), "{:?}", edited);
            prop_assert!(after.nnz() > 0, "{} is empty", net.names[index]);
            total += after.nnz() as u64;
            let unit = before.block().len();
            let was: Vec<u32> = before.iter_positions().collect();
            for column in &net.columns[index] {
                let mut moved = vec![f32::NAN; after.nnz()];
                move_column(column, &mut moved, edit.sources(), unit);
                for (position, block) in after.iter_positions().zip(moved.chunks(unit)) {
                    match was.binary_search(&position) {
                        Ok(at) => prop_assert!(block.iter().zip(&column[at * unit..]).all(|(a, b)| a.to_bits() == b.to_bits())),
                        Err(_) => prop_assert!(block.iter().all(|value| value.to_bits() == 0)),
                    }
                }
            }
            prop_assert!(edit.sources().iter().filter(|source| **source == GROWN).count() == into.len());
        }
        // With blocks of one size (single weights: exactly) the target, as far as it is a multiple of them.
        prop_assert!(total <= goal && goal - total < net.largest_block(), "{} for {}", total, goal);
    }

    #[test]
    fn an_update_depends_on_the_seed_alone_not_on_the_order_of_layers_or_earlier_updates(
        net in net(), rules in rules(), fraction in 0.0..1.0f64, share in 0.0..1.0f64,
    ) {
        let goal = target(&net, share);
        let (mut fresh, mut used) = (Updater::default(), Updater::default());
        net.update(&rules, 0.5, net.nnz(), false, &mut used).unwrap();
        net.update(&rules, fraction, goal, false, &mut fresh).unwrap();
        net.update(&rules, fraction, goal, true, &mut used).unwrap();
        for index in 0..net.layers() {
            prop_assert_eq!(fresh.edit(index), used.edit(index));
        }
    }

    #[test]
    fn a_layer_keeps_its_density_without_redistribution(net in net(), fraction in 0.0..1.0f64, drop in 0..2usize) {
        let rules = Rules {
            drop: [drop::REGISTRY[0], drop::REGISTRY[6]][drop],
            settings: Settings::default(),
            scope: Scope::Layer,
            grow: &grow::Random,
            redistribution: &redistribution::None,
        };
        let mut updater = Updater::default();
        net.update(&rules, fraction, net.nnz(), false, &mut updater).unwrap();
        for (index, pattern) in net.patterns.iter().enumerate() {
            let exchanged = (fraction * pattern.blocks() as f64).ceil() as usize;
            prop_assert_eq!(updater.dropped(index).len(), exchanged);
            prop_assert_eq!(updater.grown(index).len(), exchanged);
        }
    }

    #[test]
    fn not_a_number_is_an_error_that_names_the_layer(net in net(), rules in rules(), at: prop::sample::Index) {
        let layer = at.index(net.layers());
        let mut broken = net.clone();
        broken.columns[layer].iter_mut().for_each(|column| column.fill(f32::NAN));
        let ended = broken.update(&rules, 0.5, net.nnz(), false, &mut Updater::default());
        // Random drops look at no value; a redistribution then still does.
        if rules.drop.name() != "random" {
            let named = matches!(&ended, Err(SparsityError::NotANumber { layer: name, .. }) if *name == net.names[layer]);
            prop_assert!(named, "{:?}", ended);
        }
        let mut broken = net.clone();
        broken.dense[layer].fill(f32::NAN);
        let mut updater = Updater::default();
        let ended = broken.update(&rules, 0.5, net.nnz(), false, &mut updater);
        if rules.grow.dense() != grow::DenseScore::None && updater.growth(layer) > 0 {
            prop_assert!(matches!(ended, Err(SparsityError::NotANumber { .. })), "{:?}", ended);
        }
    }
}

#[test]
fn ties_go_to_the_lower_position() {
    let layers = [Layer::linear("fc", 4, 4)];
    let mut net = Net::new(&layers, Density::new(0.5).unwrap(), Block::UNSTRUCTURED, 1).unwrap();
    net.columns[0] = std::array::from_fn(|_| vec![1.0; 8]);
    net.dense[0].fill(2.0);
    let was: Vec<u32> = net.patterns[0].iter_positions().collect();
    let mut updater = Updater::default();
    for rule in ["magnitude", "taylor_fo", "mest"] {
        let drop = drop::find(rule).unwrap();
        let rules = Rules {
            drop,
            settings: Settings::default(),
            scope: Scope::Layer,
            grow: &grow::Gradient,
            redistribution: &redistribution::None,
        };
        net.update(&rules, 0.25, 8, false, &mut updater).unwrap();
        assert_eq!(updater.dropped(0), &was[..2], "{rule}");
        let free = (0..16).filter(|position| !was[2..].contains(position));
        assert_eq!(updater.grown(0), free.take(2).collect::<Vec<_>>(), "{rule}");
    }
}

#[test]
fn impossible_updates_are_refused() {
    let layers = [Layer::linear("fc", 4, 4), Layer::linear("out", 2, 4)];
    let net = Net::new(&layers, Density::new(0.5).unwrap(), Block::UNSTRUCTURED, 1).unwrap();
    let rules = Rules {
        drop: &drop::TaylorFo,
        settings: Settings::default(),
        scope: Scope::Layer,
        grow: &grow::Gradient,
        redistribution: &redistribution::None,
    };
    let mut updater = Updater::default();
    for (fraction, target) in [(-0.1, 8), (1.1, 8), (f64::NAN, 8), (0.1, 1), (0.1, 25)] {
        let refused = net.update(&rules, fraction, target, false, &mut updater);
        assert!(matches!(refused, Err(SparsityError::Update { .. })), "{refused:?}");
        assert_eq!((updater.layers(), updater.growth(0)), (0, 0));
    }
    let mut short = net.clone();
    short.columns[1][1].pop();
    let refused = short.update(&rules, 0.1, 12, false, &mut updater).unwrap_err();
    assert_eq!(refused.to_string(), "layer `out` needs 4 gradients, found 3");
    let mut short = net;
    short.dense[0].pop();
    let refused = short.update(&rules, 0.1, 12, false, &mut updater).unwrap_err();
    assert_eq!(refused.to_string(), "layer `fc` needs 16 dense scores, found 15");
}
