//! Patterns that move while a network trains: the trainer's side of [`rarefy_sparsity::update`].

mod hook;
mod moving;
mod network;
mod record;
mod settings;
mod state;

pub use moving::Moving;
pub use record::{DynamicRecord, UpdateRecord};
pub(crate) use settings::Settings;
pub(crate) use state::DynamicState;

use crate::error::TrainError;
use network::Layers;
use rarefy_core::Pattern;
use rarefy_core::memory::{self, OutOfMemory};
use rarefy_nn::params::{LayerEdit, ParamStore};
use rarefy_nn::{Session, SessionError, StepOutcome};
use rarefy_sparsity::grow::DenseScore;
use rarefy_sparsity::method::{Hook, Order};
use rarefy_sparsity::update::{Draw, Updater};
use rarefy_sparsity::{Fired, SparsityError};

/// Part of the old running average of dense gradients that a step keeps (Dettmers & Zettlemoyer 2019: SGD's momentum).
const SCORE_DECAY: f32 = 0.9;

/// How the pattern of one run moves, and what it has to remember for that.
pub(crate) struct Dynamic {
    settings: Settings,
    updater: Updater,
    /// Seed of what is random.
    seed: u64,
    /// View of each prunable layer.
    views: Vec<usize>,
    /// Prunable weights in all, and those of the first pattern.
    weights: u64,
    first: u64,
    /// Weights of a block of each layer.
    units: Vec<usize>,
    /// Positions of each layer that have ever had a block.
    fired: Vec<Fired>,
    /// Dense scores of each layer, row-major: a running average of the gradient, or that of the step at hand.
    scores: Vec<Vec<f32>>,
    /// Signs of all positions, one bit each, if they are fixed; and those of existing weights, for one update.
    sign_bits: Vec<Vec<u64>>,
    signs: Vec<Vec<f32>>,
    /// Lists of the edit at hand, and memory for what refers to them.
    lists: Vec<(Vec<u32>, Vec<u32>)>,
    edits: Vec<LayerEdit<'static>>,
    /// Updates of the epoch under way.
    updates: Vec<UpdateRecord>,
}

/// Why a step failed.
pub(crate) enum StepError {
    Session(SessionError),
    Sparsity(SparsityError),
}

impl From<SessionError> for StepError {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

impl From<SparsityError> for StepError {
    fn from(error: SparsityError) -> Self {
        Self::Sparsity(error)
    }
}

impl Dynamic {
    /// Starts from the patterns of `session`, and makes room in it for every pattern to come.
    ///
    /// # Errors
    /// A final density without a block for every layer, memory that cannot be had.
    pub(crate) fn new(settings: Settings, seed: u64, session: &mut Session) -> Result<Self, TrainError> {
        let store = session.store();
        let patterns = store.patterns();
        let weights = patterns.iter().map(|pattern| pattern.shape().len() as u64).sum();
        let least = patterns.iter().map(|pattern| pattern.block().len() as u64).sum();
        let target = settings.target(u64::MAX / 2, weights, store.nnz());
        if target < least {
            return Err(SparsityError::Update { fraction: 0.0, target, least, weights }.into());
        }
        let sizes: Vec<usize> = patterns.iter().map(|pattern| pattern.shape().len()).collect();
        let counts: Vec<usize> = patterns.iter().map(|pattern| pattern.nnz()).collect();
        check_room(patterns)?;
        let mut dynamic = Self {
            settings,
            updater: Updater::default(),
            seed,
            views: (0..store.views().len()).filter(|&view| store.views()[view].pattern.is_some()).collect(),
            weights,
            first: store.nnz(),
            units: patterns.iter().map(|pattern| pattern.block().len()).collect(),
            fired: patterns.iter().map(Fired::new).collect(),
            scores: Vec::new(),
            sign_bits: Vec::new(),
            signs: vec![Vec::new(); patterns.len()],
            lists: patterns.iter().map(|pattern| room(pattern.blocks())).collect(),
            edits: Vec::with_capacity(patterns.len()),
            updates: Vec::new(),
        };
        let dense = settings.rules.grow.dense();
        let keeps_gradient = dense == DenseScore::Gradient && settings.order == Order::After;
        if dense == DenseScore::Momentum || keeps_gradient {
            let zeros = |&len: &usize| memory::zeros(len, "a score a weight");
            dynamic.scores = sizes.iter().map(zeros).collect::<Result<_, _>>()?;
        }
        let total = settings.target(0, weights, store.nnz()).max(store.nnz()) as usize;
        let total = total.max(if settings.hook == Hook::ForgetOnGrowth { weights as usize } else { 0 });
        let most = if settings.keeps_counts() { counts } else { sizes };
        session.reserve(most, total).map_err(TrainError::Session)?;
        if dense != DenseScore::None || settings.order == Order::Replace {
            session.reserve_dense().map_err(TrainError::Session)?;
        }
        // A running average moves with every layer that is visited.
        session.finish_visited(dense == DenseScore::Momentum);
        if settings.hook == Hook::FixedSigns {
            dynamic.fix_signs(session);
        }
        Ok(dynamic)
    }

    /// How the pattern moves.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Moves as another stage of the run has it.
    pub(crate) fn enter(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Says how many weights the first pattern had, where that of the session is a later one.
    pub(crate) fn set_first(&mut self, weights: u64) {
        self.first = weights;
    }

    /// Whether the pattern moves at `step` (from 1).
    pub(crate) fn due(&self, step: u64) -> bool {
        self.settings.due(step)
    }

    /// Whether the pattern has moved in the epoch under way.
    pub(crate) fn has_moved(&self) -> bool {
        !self.updates.is_empty()
    }

    /// Whether `nnz` weights are no more than the run ends with.
    pub(crate) fn is_final(&self, nnz: u64) -> bool {
        nnz <= self.settings.target(u64::MAX / 2, self.weights, self.first)
    }

    /// Whether `step` computes the gradient at every position.
    pub(crate) fn computes_dense(&self, step: u64) -> bool {
        match self.settings.rules.grow.dense() {
            DenseScore::None => false,
            DenseScore::Gradient => self.settings.due(step),
            DenseScore::Momentum => true,
        }
    }

    /// One step of training, and an update of the pattern if one is due at `step` (from 1).
    pub(crate) fn step(
        &mut self,
        session: &mut Session,
        images: &[f32],
        labels: &[u32],
        lr: f64,
        step: u64,
    ) -> Result<StepOutcome, StepError> {
        let due = self.settings.due(step);
        let dense = self.settings.rules.grow.dense();
        let outcome = match (due, self.settings.order) {
            (true, Order::Replace) => {
                self.plan(session.store(), step)?;
                let outcome = self.growth_step(session, images, labels, step)?;
                self.apply(session, step)?;
                outcome
            }
            _ => {
                let scores = &mut self.scores;
                let outcome = match dense {
                    DenseScore::Momentum => {
                        let visit = &mut |layer: usize, gradient: &[f32], _: &ParamStore| {
                            average(&mut scores[layer], gradient);
                        };
                        session.train_step_dense(images, labels, lr, visit)?
                    }
                    DenseScore::Gradient if due => {
                        let visit = &mut |layer: usize, gradient: &[f32], _: &ParamStore| {
                            scores[layer].copy_from_slice(gradient);
                        };
                        session.train_step_dense(images, labels, lr, visit)?
                    }
                    _ => session.train_step(images, labels, lr)?,
                };
                if due {
                    self.plan(session.store(), step)?;
                    self.grow(session.store(), step)?;
                    self.apply(session, step)?;
                }
                outcome
            }
        };
        if self.settings.hook == Hook::FixedSigns {
            self.pull_and_shake(session, lr, step);
        }
        Ok(outcome)
    }

    fn draw(&self, step: u64) -> Draw {
        Draw { seed: self.seed, update: step }
    }

    /// Fixes what goes and how much grows, from the columns as they are.
    fn plan(&mut self, store: &ParamStore, step: u64) -> Result<(), SparsityError> {
        self.read_signs(store);
        let target = self.settings.target(step, self.weights, self.first);
        let (fraction, draw) = (self.settings.fraction(step), self.draw(step));
        let layers = Layers { store, views: &self.views, signs: &self.signs };
        self.updater.plan(&self.settings.rules, &layers, fraction, target, draw)
    }

    /// A step without update of the parameters, whose gradient decides where weights grow.
    fn growth_step(
        &mut self,
        session: &mut Session,
        images: &[f32],
        labels: &[u32],
        step: u64,
    ) -> Result<StepOutcome, StepError> {
        let draw = self.draw(step);
        let Self { settings, updater, views, fired, scores, signs, .. } = self;
        let (rules, dense) = (settings.rules, settings.rules.grow.dense());
        let mut failed = None;
        let outcome = session.growth_step(images, labels, &mut |layer, gradient, store| {
            let dense = match dense {
                DenseScore::None => &[],
                DenseScore::Gradient => gradient,
                DenseScore::Momentum => {
                    average(&mut scores[layer], gradient);
                    &scores[layer][..]
                }
            };
            let layers = Layers { store, views, signs };
            let grown = updater.grow(&rules, &layers, layer, dense, fired.get(layer), draw);
            failed = failed.take().or(grown.err());
        })?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(outcome),
        }
    }

    /// Chooses where every layer grows, by scores that are kept.
    fn grow(&mut self, store: &ParamStore, step: u64) -> Result<(), SparsityError> {
        let draw = self.draw(step);
        let layers = Layers { store, views: &self.views, signs: &self.signs };
        for layer in 0..self.views.len() {
            let dense = match self.settings.rules.grow.dense() {
                DenseScore::None => &[],
                _ => self.scores.get(layer).map_or(&[][..], Vec::as_slice),
            };
            self.updater.grow(&self.settings.rules, &layers, layer, dense, self.fired.get(layer), draw)?;
        }
        Ok(())
    }

    /// Moves the patterns.
    fn apply(&mut self, session: &mut Session, step: u64) -> Result<(), SessionError> {
        let before = session.store().nnz();
        for (layer, (out, into)) in self.lists.iter_mut().enumerate() {
            let (dropped, grown) = self.updater.edit(layer);
            out.clear();
            into.clear();
            out.extend_from_slice(dropped);
            into.extend_from_slice(grown);
        }
        let mut edits = emptied(std::mem::take(&mut self.edits));
        edits.extend(
            (self.lists.iter().enumerate())
                .filter(|(_, (drop, grow))| !drop.is_empty() || !grow.is_empty())
                .map(|(layer, (drop, grow))| LayerEdit { layer, drop, grow }),
        );
        let edited = session.edit(&edits);
        self.edits = emptied(edits);
        edited?;
        for (fired, (_, grown)) in self.fired.iter_mut().zip(&self.lists) {
            fired.record(grown.iter().copied());
        }
        let patterns = session.store().patterns();
        type Lists = (Vec<u32>, Vec<u32>);
        let weights = |blocks: &dyn Fn(&Lists) -> usize| {
            let layers = self.lists.iter().zip(patterns);
            layers.map(|(lists, pattern)| (blocks(lists) * pattern.block().len()) as u64).sum()
        };
        let nnz = session.store().nnz();
        self.updates.push(UpdateRecord {
            step,
            fraction: self.settings.fraction(step),
            dropped: weights(&|lists| lists.0.len()),
            grown: weights(&|lists| lists.1.len()),
            nnz,
        });
        if self.settings.hook == Hook::ForgetOnGrowth && nnz > before {
            session.clear_optimizer();
        }
        Ok(())
    }
}

/// Bytes of an existing block: in the lists of what goes and comes here and in the updater, and its score and
/// place while it is ranked.
const BLOCK_BYTES: u64 = 2 * 2 * 4 + 8 + 4;

/// Bytes of a position of the largest layer while it is a candidate to grow.
const POSITION_BYTES: u64 = 8 + 2 * 4;

/// Whether there is room for what updates need beside the network, and a bit or two a position.
fn check_room(patterns: &[Pattern]) -> Result<(), OutOfMemory> {
    let blocks: u64 = patterns.iter().map(|pattern| pattern.blocks() as u64).sum();
    let positions = || patterns.iter().map(|pattern| pattern.positions() as u64);
    let largest = positions().max().unwrap_or(0);
    let parts = [blocks.saturating_mul(BLOCK_BYTES), largest.saturating_mul(POSITION_BYTES)];
    let bytes = parts.into_iter().fold(positions().sum::<u64>() / 4, u64::saturating_add);
    memory::check_large(bytes, "changing the pattern")
}

/// Lists of what goes and comes in a layer of so many blocks: rarely more than exist.
fn room(blocks: usize) -> (Vec<u32>, Vec<u32>) {
    (Vec::with_capacity(blocks), Vec::with_capacity(blocks))
}

/// The memory of a list for edits of other lifetimes: collecting a list into one of the same type keeps its memory.
fn emptied<'a>(mut edits: Vec<LayerEdit<'_>>) -> Vec<LayerEdit<'a>> {
    edits.clear();
    edits.into_iter().map(|edit| LayerEdit { layer: edit.layer, drop: &[], grow: &[] }).collect()
}

/// Moves a running average towards a gradient.
fn average(average: &mut [f32], gradient: &[f32]) {
    for (average, &gradient) in average.iter_mut().zip(gradient) {
        *average = SCORE_DECAY * *average + (1.0 - SCORE_DECAY) * gradient;
    }
}
