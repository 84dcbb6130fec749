use super::*;
use crate::error::Fault;

fn record(epoch: u32) -> EpochRecord {
    EpochRecord {
        epoch,
        step: 10 * u64::from(epoch),
        lr: 0.1,
        train_loss: 1.5,
        train_acc: 0.5,
        val_loss: None,
        val_acc: Some(1.0 / 3.0),
        density: 0.1,
        nnz: 7,
        seconds: 0.25,
        dynamic: None,
        images_per_sec: 1e3,
    }
}

#[test]
fn a_folder_that_holds_a_run_is_refused_and_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for file in files::ALL {
        let path = folder.path().join(file);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(file), "old").unwrap();
        let error = RunDir::create(Some(&path), &Recipe::default()).unwrap_err();
        assert_eq!(error.fault(), Fault::Usage);
        assert!(error.hint().unwrap().contains("--resume"), "{error}");
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
        assert_eq!(std::fs::read_to_string(path.join(file)).unwrap(), "old");
    }
}

#[test]
fn an_empty_folder_may_be_used_and_missing_parents_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(Some(folder.path()), &Recipe::default()).unwrap();
    assert_eq!(Recipe::load(&run.path().join(files::RECIPE)).unwrap(), Recipe::default());
    let deep = folder.path().join("a/b/c");
    RunDir::create(Some(&deep), &Recipe::default()).unwrap();
    assert!(RunDir::is_run(&deep));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = RunDir::create(Some(&file.join("run")), &Recipe::default()).unwrap_err();
    assert_eq!(error.fault(), Fault::System);
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn unnamed_runs_never_collide() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let names: Vec<PathBuf> = std::thread::scope(|scope| {
        let makers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| create_unnamed(&runs, &Recipe::default()).unwrap())).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    let recipe = Recipe::default();
    assert!(runs.join(format!("{}-erk-{}-s{}-1", recipe.model, recipe.density, recipe.seed)).is_dir());
}

#[cfg(unix)]
#[test]
fn a_run_belongs_to_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(Some(folder.path()), &Recipe::default()).unwrap();
    let error = RunDir::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(run);
    RunDir::open(folder.path()).unwrap();
}

#[test]
fn records_come_back_and_those_past_the_checkpoint_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = RunDir::create(Some(folder.path()), &Recipe::default()).unwrap();
    for epoch in 1..=4 {
        run.record(&record(epoch)).unwrap();
    }
    drop(run);
    let mut run = RunDir::open(folder.path()).unwrap();
    assert_eq!(run.records(), (1..=4).map(record).collect::<Vec<_>>());
    let position = Position { first: 0, epoch: 2, step: 20, steps_per_epoch: 10, nnz: Some(7) };
    std::fs::write(folder.path().join(files::SUMMARY), "what it came to before").unwrap();
    run.cut(&position).unwrap();
    assert!(!folder.path().join(files::SUMMARY).exists(), "it is finished no more");
    run.record(&record(3)).unwrap();
    let lines = std::fs::read_to_string(folder.path().join(files::METRICS)).unwrap();
    assert_eq!(lines.lines().count(), 3);
    assert!(lines.starts_with("{\"epoch\":1,\"step\":10,\"lr\":0.1,\"train_loss\":1.5,"), "{lines}");
}

#[test]
fn damaged_metrics_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    drop(RunDir::create(Some(folder.path()), &Recipe::default()).unwrap());
    std::fs::write(folder.path().join(files::METRICS), "{\"epoch\":1").unwrap();
    let error = RunDir::open(folder.path()).unwrap_err();
    assert_eq!(error.fault(), Fault::Data);
    assert!(error.to_string().contains("metrics.jsonl, line 1"), "{error}");
}
