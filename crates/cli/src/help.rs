//! How `-h` and `--help` are laid out: groups of flags in the order in which people need them, the same short flags everywhere,
//! a screen for `-h`, and everything for `--help`.
//!
//! Flags are declared where they are read; what they have in common is decided here, once for all commands.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command};

/// Columns where nobody says how wide the screen is, and the most that is read with ease.
const WIDTH: (usize, usize) = (80, 100);

/// Flags that stand together. Those that are rare `-h` leaves to `--help` in commands with many.
struct Group {
    heading: &'static str,
    common: &'static [&'static str],
    rare: &'static [&'static str],
}

/// A flag that several commands have stands in the same group in each; `COMMAND.FLAG` is that of one command.
const GROUPS: &[Group] = &[
    Group {
        heading: "Data",
        common: &["data", "fetch", "split", "input", "classes", "size"],
        rare: &["data_dir", "valid_split", "split_seed", "normalization", "pad_to_32"],
    },
    Group {
        heading: "Network",
        common: &[
            "model",
            "density",
            "sparse_init",
            "pattern",
            "method",
            "inputs",
            "outputs",
            "kernel",
            "stride",
        ],
        rare: &["scaled"],
    },
    Group {
        heading: "Training",
        common: &["epochs", "batch_size", "optimizer", "weight_decay", "lr", "lr_schedule"],
        rare: &[
            "multiplier",
            "accumulate",
            "norm_batch",
            "test_batch_size",
            "momentum",
            "nesterov",
            "milestones",
            "warmup",
        ],
    },
    Group { heading: "Pruning", common: &["rounds", "scope"], rare: &[] },
    Group {
        heading: "Run",
        common: &[
            "seed",
            "out",
            "recipe",
            "resume",
            "threads",
            "steps",
            "batches",
            "eval.batch_size",
            "eval",
        ],
        rare: &[
            "mask_seed",
            "init_seed",
            "data_seed",
            "forget_best",
            "checkpoint_every",
            "log_gradient_flow",
        ],
    },
    Group {
        heading: "Sparse init",
        common: &[],
        rare: &[
            "erk_power",
            "fc_density",
            "keep_dense",
            "budget",
            "mask_sampling",
            "saliency_mask",
            "saliency_rounds",
            "samples_per_class",
            "min_per_layer",
            "layer_densities",
        ],
    },
    Group {
        heading: "Moving patterns (all methods but static)",
        common: &[],
        rare: &[
            "drop",
            "drop_scope",
            "drop_fraction",
            "drop_fraction_end",
            "drop_schedule",
            "drop_threshold",
            "mest_lambda",
            "grow",
            "redistribution",
            "update_every",
            "update_until",
            "update_order",
            "memory_bound",
            "density_schedule",
            "initial_density",
            "density_from",
            "density_to",
            "density_phase",
            "deepr_l1",
            "deepr_temperature",
        ],
    },
    Group {
        heading: "Start from another network",
        common: &[],
        rare: &["match_dense", "mask_from", "shuffle_mask", "reinit", "weights_from", "rewind_epoch"],
    },
    Group {
        heading: "Beyond accuracy",
        common: &["temperature", "ood", "scores", "attack", "corruptions", "samples", "compare", "ensemble"],
        rare: &[
            "eps",
            "eval.steps",
            "step_size",
            "restarts",
            "no_random_start",
            "transfer_from",
            "reference",
            "allow_incomplete",
        ],
    },
    Group {
        heading: "Output",
        common: &["format", "dense", "profile", "kernels", "plots", "svg", "json", "quiet", "help"],
        rare: &[],
    },
];

/// Group of the flags that only the published code has; they name it themselves.
pub(crate) const PUBLISHED: &str = "Published CIFAR command line";

/// Commands with more flags have rare ones.
const FEW: usize = 18;
/// Most letters of a flag's line in `-h`: the flag itself takes the rest of the screen.
const LINE: usize = 44;

/// The letter of a flag, in every command that has it.
const LETTERS: &[(&str, char)] = &[
    ("model", 'm'),
    ("density", 'd'),
    ("epochs", 'e'),
    ("batch_size", 'b'),
    ("seed", 's'),
    ("threads", 't'),
    ("quiet", 'q'),
];

/// What flags take.
const VALUES: &[(&[&str], &str)] = &[
    (
        &["data", "model", "sparse_init", "method", "optimizer", "normalization", "split", "format", "scope"],
        "NAME",
    ),
    (&["density"], "D"),
    (&["pattern"], "UNIT"),
    (&["epochs", "steps", "warmup", "batches", "classes", "rounds"], "N"),
    (&["batch_size"], "B"),
    (&["seed"], "S"),
    (&["threads"], "T"),
    (&["lr"], "RATE"),
    (&["momentum"], "M"),
    (&["weight_decay"], "W"),
];

/// Lays out `command` and all commands in it.
pub(crate) fn laid_out(command: Command) -> Command {
    use std::io::IsTerminal;
    // On a terminal the width is the terminal's.
    let command = match std::io::stdout().is_terminal() || std::io::stderr().is_terminal() {
        true => command,
        false => command.term_width(WIDTH.0),
    };
    with_groups(command).max_term_width(WIDTH.1)
}

fn with_groups(command: Command) -> Command {
    let command = command.disable_help_flag(true).arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(ArgAction::Help)
            .help("Print help; --help prints all of it"),
    );
    let flags = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()).count();
    let name = command.get_name().to_owned();
    let command = command.mut_args(|arg| with_group(arg, &name, flags > FEW));
    let command = match flags > FEW {
        true => command.after_help("--help tells all flags, names and defaults."),
        false => command,
    };
    command.mut_subcommands(with_groups)
}

fn with_group(arg: Arg, command: &str, many: bool) -> Arg {
    if arg.is_positional() {
        return with_line(arg);
    }
    let id = arg.get_id().as_str().to_owned();
    let place = group_of(&format!("{command}.{id}")).or_else(|| group_of(&id));
    let arg = match place {
        Some((group, _)) => arg.help_heading(group.heading),
        None => arg,
    };
    let arg = match LETTERS.iter().find(|(flag, _)| *flag == id) {
        Some(&(_, letter)) => arg.short(letter),
        None => arg,
    };
    // What a flag takes is called after the flag unless it says otherwise: twice the same word.
    let unnamed = arg.get_value_names().is_some_and(|names| names == [id.to_uppercase()]);
    let arg = match VALUES.iter().find(|(flags, _)| unnamed && flags.contains(&id.as_str())) {
        Some(&(_, value)) => arg.value_name(value),
        None => arg,
    };
    let rare = place.map_or_else(|| arg.get_help_heading() == Some(PUBLISHED), |(_, rare)| rare);
    with_line(arg).hide_short_help(many && rare)
}

/// The group of a flag, and whether it is rare there.
fn group_of(flag: &str) -> Option<(&'static Group, bool)> {
    GROUPS.iter().find_map(|group| {
        let rare = group.rare.contains(&flag);
        (rare || group.common.contains(&flag)).then_some((group, rare))
    })
}

/// Keeps the whole text for `--help` and the first clause of it for `-h`.
fn with_line(arg: Arg) -> Arg {
    let text = |text: &StyledStr| text.to_string();
    let Some(whole) = arg.get_long_help().or(arg.get_help()).map(text) else { return arg };
    let line = first_clause(arg.get_help().map_or_else(|| whole.clone(), text).as_str());
    arg.help(line).long_help(whole)
}

/// The text as far as a line goes: up to the first colon, semicolon, bracket or full stop if it is too long for one, with the
/// default.
fn first_clause(text: &str) -> String {
    if text.chars().count() <= LINE {
        return text.to_owned();
    }
    let (about, defaults) = match text.find(" [default: ") {
        Some(at) => {
            let rest = &text[at..];
            (&text[..at], &rest[..rest.find(']').map_or(rest.len(), |end| end + 1)])
        }
        None => (text, ""),
    };
    let ends = [": ", "; ", " (", ". ", ", "];
    let end = ends.iter().filter_map(|end| about.find(end)).min().unwrap_or(about.len());
    let clause = if about.chars().count() <= LINE { about } else { &about[..end] };
    let room = LINE >= clause.chars().count() + defaults.chars().count();
    if room { format!("{clause}{defaults}") } else { clause.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command that people call, with its words.
    fn commands(command: &Command, words: &str, all: &mut Vec<(String, Command)>) {
        all.push((words.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            commands(sub, &format!("{words} {}", sub.get_name()), all);
        }
    }

    fn all() -> Vec<(String, Command)> {
        let mut all = Vec::new();
        let mut command = crate::command();
        command.build();
        commands(&command, "rarefy", &mut all);
        all
    }

    #[test]
    fn every_flag_stands_in_a_group_and_has_the_same_letter_everywhere() {
        let mut letters: Vec<(String, Option<char>)> = Vec::new();
        for (words, command) in all() {
            for arg in command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set()) {
                let id = arg.get_id().to_string();
                assert!(arg.get_help_heading().is_some() || id == "version", "{words} --{id} has no group");
                // Output channels and output folders share a word, not a meaning.
                if id == "out" {
                    continue;
                }
                let short = arg.get_short();
                match letters.iter().find(|(known, _)| *known == id) {
                    Some((_, known)) => assert_eq!(short, *known, "{words} --{id}"),
                    None => letters.push((id, short)),
                }
            }
        }
    }

    #[test]
    fn short_help_is_a_screen_and_no_help_is_wider_than_it() {
        for (words, command) in all() {
            for width in [80, 120] {
                let mut command = command.clone().term_width(width).max_term_width(WIDTH.1);
                let short = command.render_help().to_string();
                assert!(
                    short.lines().count() <= 40,
                    "{words} -h has {} lines:\n{short}",
                    short.lines().count()
                );
                for text in [short, command.render_long_help().to_string()] {
                    let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
                    assert!(widest.chars().count() <= width, "{words}: {widest}");
                }
            }
        }
    }

    #[test]
    fn long_texts_are_cut_at_their_first_clause_and_keep_the_default() {
        let text = "Rule of the layer-wise densities: uniform (the same in every layer); er [default: erk]";
        assert_eq!(first_clause(text), "Rule of the layer-wise densities");
        assert_eq!(
            first_clause("Samples of a step [default: 64] [other data than digits: 128]"),
            "Samples of a step [default: 64]"
        );
        assert_eq!(first_clause("Base learning rate"), "Base learning rate");
    }
}
