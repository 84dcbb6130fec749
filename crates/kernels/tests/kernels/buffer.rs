//! Aligned numbers.

use rarefy_kernels::Buffer;

fn zeros(len: usize) -> Buffer {
    Buffer::zeros(len).unwrap()
}

#[test]
fn a_buffer_is_zeros_of_the_asked_length_on_a_cache_line() {
    // The last ones are of the size of huge pages.
    for len in [0, 1, 15, 16, 17, 64, 1000, (1 << 19) - 1, 1 << 19, (1 << 20) + 5] {
        let buffer = zeros(len);
        assert!(buffer.len() == len && buffer.iter().all(|&x| x == 0.0), "{len} numbers");
        assert_eq!(buffer.as_ptr().addr() % 64, 0, "{len} numbers");
    }
    assert!(Buffer::default().is_empty());
    assert_eq!(format!("{:?}", zeros(3)), "Buffer(3)");
}

#[test]
fn every_number_of_a_buffer_keeps_what_is_written() {
    for len in [37, (1 << 19) + 37] {
        let mut buffer = zeros(len);
        for (i, x) in buffer.iter_mut().enumerate() {
            *x = i as f32;
        }
        assert!(buffer.iter().enumerate().all(|(i, &x)| x == i as f32));
    }
}

#[test]
fn there_is_no_buffer_beyond_any_machine() {
    for len in [1 << 45, usize::MAX / 8, usize::MAX / 4, usize::MAX] {
        assert!(Buffer::zeros(len).is_none(), "{len} numbers");
    }
}
