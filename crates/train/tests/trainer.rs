//! The loop as a library: own network, own data, stopped anywhere.

use rarefy_core::random::{Purpose, Stream};
use rarefy_core::{Density, Extent};
use rarefy_data::{DataError, Dataset, Draw, Normalization, Split};
use rarefy_nn::graph::{Graph, GraphBuilder, InitRule};
use rarefy_train::accounting::Counts;
use rarefy_train::{
    EpochRecord, Fault, InMemory, Keeper, Observer, Outcome, Recipe, Requests, RunDir, RunStart, Setup,
    StepReport, Summary, TrainError, Trainer, draw_patterns, files,
};
use std::path::Path;
use std::sync::Arc;

/// Noise with one bright row; the row is the class.
struct Rows {
    lens: [usize; 3],
    broken: Option<f32>,
}

impl Dataset for Rows {
    fn name(&self) -> &str {
        "rows"
    }

    fn extent(&self) -> Extent {
        Extent { channels: 1, height: 6, width: 6 }
    }

    fn classes(&self) -> usize {
        3
    }

    fn len(&self, split: Split) -> usize {
        self.lens[split as usize]
    }

    fn normalization(&self) -> Normalization {
        Normalization::identity(1)
    }

    fn sample(
        &self,
        split: Split,
        index: u32,
        draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError> {
        let mut stream = Stream::new(split as u64, Purpose::Synthetic, u64::from(index));
        let label = stream.below(3) as u32;
        let shift = draw.map_or(0.0, |draw| draw.stream(index).uniform());
        for (at, pixel) in image.iter_mut().enumerate() {
            let bright = at / 12 == label as usize;
            *pixel = (stream.normal() * 0.5 + shift * 0.1) as f32 + f32::from(u8::from(bright));
        }
        if let (Some(broken), 7) = (self.broken, index) {
            image[0] = broken;
        }
        Ok(label)
    }
}

const ROWS: Rows = Rows { lens: [50, 20, 30], broken: None };

fn graph() -> Graph {
    let mut b = GraphBuilder::new("little", Extent { channels: 1, height: 6, width: 6 });
    let init = InitRule::Normal { std: 0.3 };
    let conv = b.conv("conv", b.input(), 6, 3, 1, 1, init).unwrap();
    let norm = b.batch_norm("norm", conv);
    let relu = b.relu(norm);
    let deep = b.conv("deep", relu, 8, 3, 2, 1, init).unwrap();
    let pool = b.global_avg_pool(deep);
    b.linear("fc", pool, 3, init, InitRule::Constant { value: 0.0 }).unwrap();
    b.build().unwrap()
}

fn recipe() -> Recipe {
    Recipe {
        density: Density::new(0.4).unwrap(),
        epochs: 3,
        batch_size: 16,
        lr: 0.05,
        threads: Some(1),
        ..Recipe::default()
    }
}

fn trainer(recipe: Recipe, rows: Rows) -> Result<Trainer, TrainError> {
    let graph = graph();
    let patterns = draw_patterns(&graph, &recipe).unwrap().patterns;
    Trainer::new(Setup::new(recipe, graph, patterns, Arc::new(rows))?)
}

/// Asks to stop after some step and remembers what it saw.
#[derive(Default)]
struct Stopper {
    after: u64,
    stop: Requests,
    steps: Vec<u64>,
    epochs: Vec<u32>,
    started: Option<(u64, u32, u64)>,
}

impl Stopper {
    fn after(after: u64) -> Self {
        Self { after, ..Self::default() }
    }
}

impl Observer for Stopper {
    fn started(&mut self, start: &RunStart<'_>) {
        self.started = Some((start.steps_per_epoch, start.epochs, start.steps_done));
    }

    fn stepped(&mut self, step: &StepReport) {
        self.steps.push(step.step);
        if step.step == self.after {
            self.stop.stop();
        }
    }

    fn epoch_done(&mut self, record: &EpochRecord, _best: bool) {
        self.epochs.push(record.epoch);
    }
}

fn run(trainer: &mut Trainer, keeper: &mut dyn Keeper, stopper: &mut Stopper) -> Result<Outcome, TrainError> {
    let requests = stopper.stop.clone();
    trainer.run(keeper, stopper, &requests)
}

fn checkpoints(path: &Path) -> [Vec<u8>; 2] {
    [files::LAST, files::BEST].map(|file| std::fs::read(path.join(file)).unwrap())
}

#[test]
fn a_sparse_network_learns_own_data() {
    let mut keeper = InMemory::new();
    let summary = trainer(Recipe { epochs: 30, ..recipe() }, ROWS).unwrap().run_to_end(&mut keeper).unwrap();
    assert!(summary.test_acc.unwrap() > 0.9, "{summary:?}");
    assert!(keeper.records()[29].train_loss < 0.5 * keeper.records()[0].train_loss);
    assert_eq!(keeper.last().unwrap().meta.epoch, 30);
    assert_eq!(keeper.best().unwrap().meta.epoch, u64::from(summary.best_epoch));
}

#[test]
fn stopping_after_any_step_and_resuming_changes_no_bit() {
    assert_stopping_changes_no_bit(&recipe());
}

#[test]
fn stopping_and_resuming_changes_no_bit_of_steps_in_groups() {
    // 16 samples a step, in groups of at most 3.
    let groups = Recipe { batch_size: 4, accumulate: 4, norm_batch: Some(3), ..recipe() };
    let plain = Recipe { norm_batch: None, ..groups.clone() };
    assert_stopping_changes_no_bit(&groups);
    let last = |recipe: Recipe| {
        let mut keeper = InMemory::new();
        trainer(recipe, ROWS).unwrap().run_to_end(&mut keeper).unwrap();
        keeper.last().unwrap().store.clone()
    };
    assert!(last(groups) != last(plain.clone()), "statistics of 3 samples are not those of 4");
    assert!(last(plain) != last(recipe()), "statistics of 4 samples are not those of 16");
}

fn assert_stopping_changes_no_bit(recipe: &Recipe) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let expected = trainer(recipe.clone(), ROWS)
        .unwrap()
        .run_to_end(&mut RunDir::create(Some(&whole), recipe).unwrap())
        .unwrap();
    // 50 samples in batches of 16: 4 steps an epoch, the last of 2 samples.
    for after in 1..12 {
        let path = folder.path().join(after.to_string());
        let mut run_dir = RunDir::create(Some(&path), recipe).unwrap();
        let mut first = trainer(recipe.clone(), ROWS).unwrap();
        let outcome = run(&mut first, &mut run_dir, &mut Stopper::after(after)).unwrap();
        assert_eq!(outcome, Outcome::Interrupted { step: after });
        drop(run_dir);

        let mut second = trainer(Recipe { threads: Some(2), ..recipe.clone() }, ROWS).unwrap();
        second.resume(&path.join(files::LAST)).unwrap();
        let mut run_dir = RunDir::open(&path).unwrap();
        let mut rest = Stopper::default();
        let outcome = run(&mut second, &mut run_dir, &mut rest).unwrap();
        let Outcome::Finished(summary) = outcome else { panic!("{outcome:?}") };
        assert_eq!(rest.started, Some((4, 3, after)));
        assert_eq!(rest.steps, (after + 1..=12).collect::<Vec<_>>());
        let timeless = |summary: &Summary| Summary { seconds: 0.0, peak_rss_mb: None, ..summary.clone() };
        assert_eq!(timeless(&summary), timeless(&expected));
        assert!(checkpoints(&path) == checkpoints(&whole), "stopped after step {after}");
    }
}

#[test]
fn a_run_resumes_from_its_best_checkpoint_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    trainer(recipe(), ROWS)
        .unwrap()
        .run_to_end(&mut RunDir::create(Some(&path), &recipe()).unwrap())
        .unwrap();
    let before = checkpoints(&path);
    let mut again = trainer(recipe(), ROWS).unwrap();
    again.resume(&path.join(files::BEST)).unwrap();
    again.run_to_end(&mut RunDir::open(&path).unwrap()).unwrap();
    assert!(checkpoints(&path) == before);
}

#[test]
fn without_validation_the_last_epoch_counts() {
    let mut keeper = InMemory::new();
    let rows = Rows { lens: [50, 0, 30], ..ROWS };
    let summary = trainer(recipe(), rows).unwrap().run_to_end(&mut keeper).unwrap();
    assert_eq!((summary.best_epoch, summary.val_acc), (3, None));
    assert_eq!(summary.test_acc, summary.test_acc_last);
    assert!(keeper.best().is_none() && keeper.records()[0].val_loss.is_none());
}

#[test]
fn without_a_test_split_there_is_no_test_accuracy() {
    let rows = Rows { lens: [50, 20, 0], ..ROWS };
    let summary = trainer(recipe(), rows).unwrap().run_to_end(&mut InMemory::new()).unwrap();
    assert_eq!((summary.test_acc, summary.test_loss, summary.test_acc_last), (None, None, None));
    assert!(summary.val_acc.is_some());
}

#[test]
fn a_number_that_is_not_finite_stops_the_run_with_its_step() {
    for broken in [f32::NAN, f32::INFINITY, f32::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let rows = Rows { broken: Some(broken), ..ROWS };
        let mut run_dir = RunDir::create(Some(folder.path()), &recipe()).unwrap();
        let error =
            run(&mut trainer(recipe(), rows).unwrap(), &mut run_dir, &mut Stopper::default()).unwrap_err();
        assert_eq!(error.fault(), Fault::Numerical, "{error}");
        let TrainError::NonFinite { step, epoch: 1, .. } = error else { panic!("{error:?}") };
        assert!((1..=4).contains(&step));
        assert!(!folder.path().join(files::LAST).exists());
    }
}

#[test]
fn data_that_do_not_suit_the_network_are_refused() {
    let refused = |rows| trainer(recipe(), rows).err().unwrap();
    let none = refused(Rows { lens: [0, 20, 30], ..ROWS });
    assert!(none.to_string().contains("no training samples"), "{none}");
    let graph = rarefy_nn::models::build("cifar_resnet_8_4", ROWS.extent(), 4).unwrap();
    let patterns = draw_patterns(&graph, &recipe()).unwrap().patterns;
    let error = Setup::new(recipe(), graph, patterns, Arc::new(ROWS)).err().unwrap();
    assert_eq!(error.fault(), Fault::Usage);
    assert!(error.to_string().contains("of 4 classes"), "{error}");
}

#[test]
fn a_position_that_the_data_do_not_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut run_dir = RunDir::create(Some(folder.path()), &recipe()).unwrap();
    run(&mut trainer(recipe(), ROWS).unwrap(), &mut run_dir, &mut Stopper::after(6)).unwrap();
    let mut other = trainer(recipe(), Rows { lens: [80, 20, 30], ..ROWS }).unwrap();
    let error = other.resume(&folder.path().join(files::LAST)).unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    assert!(error.to_string().contains("the data set has changed"), "{error}");
    assert_eq!(other.progress().step, 0);
}

#[test]
fn a_checkpoint_no_run_wrote_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.ckpt");
    let mut trainer = trainer(recipe(), ROWS).unwrap();
    let session = trainer.session();
    rarefy_formats::checkpoint::save(&path, &rarefy_formats::Meta::new(session.graph()), session.store())
        .unwrap();
    let error = trainer.resume(&path).unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    assert!(error.to_string().contains("no training run wrote it"), "{error}");
}

#[test]
fn checkpoints_within_an_epoch_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run_in = |name: &str, recipe: Recipe| {
        let path = folder.path().join(name);
        trainer(recipe.clone(), ROWS)
            .unwrap()
            .run_to_end(&mut RunDir::create(Some(&path), &recipe).unwrap())
            .unwrap();
        checkpoints(&path)
    };
    let often = run_in("often", Recipe { checkpoint_every: Some(1), ..recipe() });
    assert!(often == run_in("plain", recipe()));
}

#[test]
fn costs_follow_the_pattern() {
    let graph = graph();
    let drawn = draw_patterns(&graph, &recipe()).unwrap();
    let counts = Counts::new(&graph, &drawn.patterns);
    // 6x6 outputs of 6x1x3x3, then 3x3 of 8x6x3x3, then the classifier.
    assert_eq!(counts.weights, 54 + 432 + 24);
    assert_eq!(counts.macs_dense, 54 * 36 + 432 * 9 + 24);
    let [conv, deep, fc] = &counts.layers[..] else { panic!("{counts:?}") };
    assert_eq!(counts.macs_sparse, conv.nnz * 36 + deep.nnz * 9 + fc.nnz);
    assert_eq!(counts.nnz, 204);
    assert_eq!(counts.static_train_flops(10), 60.0 * counts.macs_sparse as f64);
}
