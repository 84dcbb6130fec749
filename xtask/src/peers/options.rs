//! Flags of `cargo xtask bench-peers`.

use super::cases::{Group, choose};
use std::path::PathBuf;

pub(super) const HELP: &str = "Usage: cargo xtask bench-peers [--only GROUP,...] [--rounds N] [--steps N] [--python PATH] [--rarefy PATH]

Runs rarefy and PyTorch in turn on the same machine and prints Markdown tables.

  --only GROUP,...  steps, layers, or some of: resnet20, resnet20w32, resnet56, vgg16, eval, thread1,
                    layer16, layer32, layer64, layer128, layer256, layer512 [default: all]
  --rounds N        Times that every program is run, in turn [default: 3]
  --steps N         Steps of a run, after 3 to warm up [default: 20]
  --python PATH     A Python that has torch [default: one under target/peers, made when missing]
  --rarefy PATH     A rarefy program [default: built from this workspace]";

/// What was asked for.
pub(super) struct Options {
    pub(super) groups: Vec<&'static Group>,
    pub(super) rounds: usize,
    pub(super) steps: usize,
    pub(super) python: Option<PathBuf>,
    pub(super) rarefy: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments.
    pub(super) fn parse(args: &[String]) -> Result<Self, String> {
        let (mut only, mut rounds, mut steps) = (Vec::new(), 3, 20);
        let (mut python, mut rarefy) = (None, None);
        let mut rest = args.iter();
        while let Some(flag) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("`{flag}` needs a value\n\n{HELP}"));
            match flag.as_str() {
                "--only" => only.extend(value()?.split(',').map(str::to_owned)),
                "--rounds" => rounds = count(flag, value()?)?,
                "--steps" => steps = count(flag, value()?)?,
                "--python" => python = Some(PathBuf::from(value()?)),
                "--rarefy" => rarefy = Some(PathBuf::from(value()?)),
                _ => return Err(format!("there is no flag `{flag}`\n\n{HELP}")),
            }
        }
        Ok(Self { groups: choose(&only)?, rounds, steps, python, rarefy })
    }
}

fn count(flag: &str, text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| format!("`{flag}` takes a number from 1 to 1000, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::super::cases::GROUPS;
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, String> {
        Options::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_flag_is_read_and_no_flag_is_everything() {
        let all = parse(&[]).unwrap();
        assert_eq!((all.groups.len(), all.rounds, all.steps), (GROUPS.len(), 3, 20));
        let some = parse(&[
            "--only",
            "eval,vgg16",
            "--rounds",
            "5",
            "--steps",
            "7",
            "--python",
            "p",
            "--rarefy",
            "r",
        ]);
        let some = some.unwrap();
        assert_eq!((some.groups.len(), some.rounds, some.steps), (2, 5, 7));
        assert_eq!((some.python, some.rarefy), (Some("p".into()), Some("r".into())));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_reason() {
        for (args, reason) in [
            (&["--round", "3"][..], "no flag `--round`"),
            (&["--rounds"], "needs a value"),
            (&["--rounds", "0"], "from 1 to 1000"),
            (&["--steps", "many"], "found `many`"),
            (&["--only", "nothing"], "no group `nothing`"),
        ] {
            let error = parse(args).err().unwrap();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_help_names_every_group() {
        assert!(GROUPS.iter().all(|group| HELP.contains(group.name)));
    }
}
