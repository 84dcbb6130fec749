//! Taps and places that do not fit the slices are refused before anything is read or written: the reads behind them are unchecked.

use crate::common::*;
use crate::misuse::{cut, each_short_slice_is_refused, refused};
use rarefy_kernels::{Ahead, Epilogue, Grid, Isa, MAX_LANES, Taps, Write, partial_len, sddmm};

fn layer_of(isa: Isa, unit: usize) -> Layer {
    Layer::new(Shape { blocks: 2, ..Shape::full(unit, 2, 3, 2) }, isa.lanes())
}

/// Where a call goes: what a caller may get wrong beside the taps.
#[derive(Clone, Copy)]
struct Places {
    input_row: usize,
    grid: Grid,
    rows: usize,
    columns: usize,
}

fn places(layer: &Layer) -> Places {
    let Size { rows, columns, .. } = layer.size;
    Places { input_row: layer.input_row, grid: layer.canaries().grid, rows, columns }
}

/// Both products refuse `taps` at `to` with a message that has `expected` in it, and have not written anything before.
#[track_caller]
fn both_refuse(isa: Isa, layer: &Layer, taps: Taps<'_>, to: Places, expected: [&str; 2]) {
    let Places { input_row, grid, rows, columns } = to;
    let (mut out, input) = (layer.canaries(), &layer.input);
    refused("spmm", expected[0], || {
        spmm(isa, taps, input, input_row, out.view_mut(), grid, rows, columns, Epilogue::Store);
    });
    out.assert_untouched();
    let gradient = layer.gradient(&mut Numbers::new(1));
    let mut sums = vec![0.5; layer.values.len() * isa.lanes()];
    refused("sddmm", expected[1], || {
        sddmm(isa, taps, gradient.view(), grid, input, input_row, rows, columns, &mut sums, Ahead::default());
    });
    assert!(sums.iter().all(|&sum| sum == 0.5), "added something");
}

#[test]
fn spmm_refuses_short_slices() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let layer = layer_of(isa, unit);
            let (outputs, Places { input_row, grid, rows, columns }) = (layer.size.channels, places(&layer));
            let per_output = vec![0.0; outputs];
            let mask = vec![1.0; isa.lanes()];
            each_short_slice_is_refused(isa, "spmm", 9, |short| {
                let values = cut(&layer.values, short == 0);
                let offsets = &layer.offsets[..layer.offsets.len() - usize::from(short == 1)];
                let taps = Taps { values, offsets, ..layer.taps() };
                let mut out = layer.canaries();
                let len = out.view().len();
                let out = &mut out.view_mut()[..len - usize::from(short == 2)];
                let mut sums = vec![0.0; outputs * 2 * MAX_LANES - usize::from(short == 3)];
                let (bias, mask) = (cut(&per_output, short == 4 || short == 5), cut(&mask, short == 6));
                let input = cut(&layer.input, short == 7);
                let mut room = vec![0.0; partial_len(layer.taps().groups, 2) - usize::from(short == 8)];
                let mut run = |epilogue: Epilogue<'_>| {
                    let (write, room, ahead) = (Write::Cached, &mut room[..], Ahead::default());
                    rarefy_kernels::spmm(
                        isa, taps, input, input_row, out, grid, rows, columns, epilogue, write, room, ahead,
                    );
                };
                if short != 4 {
                    run(Epilogue::Moments { mask, shift: bias, sums: &mut sums });
                }
                if short != 3 {
                    run(Epilogue::Bias { bias, mask });
                }
            });
        }
    }
}

#[test]
fn sddmm_refuses_short_slices() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let layer = layer_of(isa, unit);
            let (gradient, to) = (layer.gradient(&mut Numbers::new(1)), places(&layer));
            each_short_slice_is_refused(isa, "sddmm", 4, |short| {
                let offsets = &layer.offsets[..layer.offsets.len() - usize::from(short == 0)];
                let taps = Taps { offsets, ..layer.taps() };
                let (gradient, input) = (cut(gradient.view(), short == 1), cut(&layer.input, short == 2));
                let mut sums = vec![0.0; layer.values.len() * isa.lanes() - usize::from(short == 3)];
                sddmm(
                    isa,
                    taps,
                    gradient,
                    to.grid,
                    input,
                    to.input_row,
                    to.rows,
                    to.columns,
                    &mut sums,
                    Ahead::default(),
                );
            });
        }
    }
}

#[test]
fn an_offset_beyond_the_input_is_refused_before_anything_is_read() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let layer = layer_of(isa, unit);
            let most = *layer.offsets.iter().max().unwrap();
            for tap in [0, layer.offsets.len() / 2, layer.offsets.len() - 1] {
                for offset in [most + 1, layer.input.len() as u32, u32::MAX] {
                    let mut offsets = layer.offsets.clone();
                    offsets[tap] = offset;
                    let taps = Taps { offsets: &offsets, ..layer.taps() };
                    both_refuse(isa, &layer, taps, places(&layer), ["the input is too short"; 2]);
                }
            }
        }
    }
}

#[test]
fn rows_and_columns_beyond_the_input_are_refused_before_anything_is_read() {
    for isa in isas() {
        let layer = layer_of(isa, 2);
        let (taps, right) = (layer.taps(), places(&layer));
        // Rows of no distance or of one number: what is written fits however many there are.
        let narrow = Grid { plane: right.grid.plane, row: 0 };
        for wrong in [
            Places { input_row: right.input_row + 1, ..right },
            Places { input_row: usize::MAX / 2 + 1, ..right },
            Places { input_row: usize::MAX, ..right },
            Places { rows: right.rows + 1, grid: narrow, ..right },
            Places { rows: usize::MAX, grid: narrow, ..right },
            Places { columns: right.columns + isa.lanes(), grid: Grid { plane: 0, row: 0 }, ..right },
            Places { columns: usize::MAX / isa.lanes() * isa.lanes(), ..right },
        ] {
            both_refuse(isa, &layer, taps, wrong, ["the input is too short"; 2]);
        }
    }
}

#[test]
fn planes_beyond_the_output_or_gradient_are_refused_before_anything_is_read() {
    for isa in isas() {
        let layer = layer_of(isa, 2);
        let (taps, right) = (layer.taps(), places(&layer));
        let Grid { plane, row } = right.grid;
        for grid in [
            Grid { plane: plane + 1, row },
            Grid { plane, row: row + 1 },
            Grid { plane: usize::MAX, row },
            Grid { plane, row: usize::MAX },
            // Times 3 or 2 these would be small, if they wrapped.
            Grid { plane: usize::MAX / 3 + 1, row },
            Grid { plane, row: usize::MAX / 2 + 1 },
        ] {
            let wrong = Places { grid, ..right };
            both_refuse(isa, &layer, taps, wrong, ["output is too short", "gradient is too short"]);
        }
    }
}

#[test]
fn starts_that_are_not_those_of_whole_blocks_are_refused() {
    for isa in isas() {
        let layer = layer_of(isa, 2);
        let (right, len) = (places(&layer), layer.starts.len());
        let taps = layer.taps();
        assert_eq!((taps.groups, taps.blocks(), len), (2, 2, 5));
        let expected = ["whole blocks"; 2];
        // No first tap, no block, a part of a block, other groups, none at all.
        for starts in [&layer.starts[..0], &layer.starts[..1], &layer.starts[..2], &layer.starts[..4]] {
            both_refuse(isa, &layer, Taps { starts, ..taps }, right, expected);
        }
        for groups in [0, 3, 5, usize::MAX] {
            both_refuse(isa, &layer, Taps { groups, ..taps }, right, expected);
        }
    }
}

#[test]
fn starts_beyond_the_taps_or_backwards_are_refused() {
    for isa in isas() {
        for unit in [1, 2, 4] {
            let layer = layer_of(isa, unit);
            let to = places(&layer);
            let count = layer.offsets.len() as u32;
            for (at, start) in [(4, count + 1), (4, u32::MAX), (2, count), (1, 0), (3, 0)] {
                let mut starts = layer.starts.clone();
                starts[at] = start;
                if starts.is_sorted() && start <= count {
                    continue;
                }
                let taps = Taps { starts: &starts, ..layer.taps() };
                let mut out = layer.canaries();
                refused("spmm", "", || {
                    let Places { input_row, grid, rows, columns } = to;
                    let out = out.view_mut();
                    spmm(isa, taps, &layer.input, input_row, out, grid, rows, columns, Epilogue::Store);
                });
                out.assert_guarded();
                let gradient = layer.gradient(&mut Numbers::new(1));
                let mut sums = vec![0.0; layer.values.len() * isa.lanes()];
                refused("sddmm", "", || {
                    let (gradient, input) = (gradient.view(), &layer.input);
                    sddmm(
                        isa,
                        taps,
                        gradient,
                        to.grid,
                        input,
                        to.input_row,
                        to.rows,
                        to.columns,
                        &mut sums,
                        Ahead::default(),
                    );
                });
            }
        }
    }
}
